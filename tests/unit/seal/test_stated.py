from __future__ import annotations

import errno
from dataclasses import replace

from lacre.observe import Mounted, Owner, Phase
from lacre.seal.advice import ServiceAdvice
from lacre.seal.context import Context
from lacre.seal.model import ServiceSeal, User
from lacre.seal.prove import ServiceOutcome
from lacre.seal.stated import LOUD, stated
from lacre.sensor import Refusal, RefusedBecause
from tests.unit.seal.invented import TREE, context, directory, file, ran_as, refused, wrote

WORKER = User(user="33:33", root=False)


def holding(*uids: int) -> Mounted:
    return Mounted(below=frozenset(Owner(uid, uid, 0o644) for uid in uids))


def said(base: Context, *refusals: Refusal) -> ServiceSeal:
    draft = ServiceAdvice(base).draft().model_copy(update={"user": WORKER})
    return stated(draft, ServiceOutcome(refusals=refusals), base)


def test_each_refused_path_is_named_in_full_with_a_reason() -> None:
    refusals = [
        refused(RefusedBecause.READ_ONLY, "/etc/stray"),
        refused(RefusedBecause.READ_ONLY, "/etc/other", syscall="fchmodat"),
        refused(RefusedBecause.PERMISSION, "/etc/shadow", errno=13, writing=False),
        refused(RefusedBecause.FULL, "/data/x", errno=28),
    ]
    left = said(context([ran_as(33, 33)]), *refusals).filesystem.left
    assert [entry.what for entry in left] == ["/data/x", "/etc/other", "/etc/shadow", "/etc/stray"]
    assert all(entry.reason for entry in left)


def test_names_that_differ_in_long_numbers_only_are_one() -> None:
    refusals = [refused(RefusedBecause.READ_ONLY, f"/srv/app/x.pyc.{number}") for number in (140123, 140999)]
    assert len(said(context(), *refusals).filesystem.left) == 1
    apart = [refused(RefusedBecause.READ_ONLY, f"/data/{number}") for number in (1, 2)]
    assert len(said(context(), *apart).filesystem.left) == 2


def test_what_a_program_only_asked_of_many_files_is_one_entry_a_directory() -> None:
    asked = [
        refused(RefusedBecause.READ_ONLY, f"/usr/lib/served/{name}.beam", question=True) for name in "abc"
    ]
    other = refused(RefusedBecause.READ_ONLY, "/etc/served/x", question=True)
    tried = refused(RefusedBecause.READ_ONLY, "/usr/lib/served/log")
    left = said(context(), *asked, other, tried).filesystem.left
    assert [entry.what for entry in left] == ["/etc/served/x", "/usr/lib/served/*", "/usr/lib/served/log"]


def test_what_was_asked_and_is_no_path_of_a_directory_is_told_by_name() -> None:
    lacks = [
        refused(RefusedBecause.CAPABILITY, name, question=True, syscall="access")
        for name in ("DAC_OVERRIDE", "DAC_READ_SEARCH")
    ]
    top = [refused(RefusedBecause.READ_ONLY, path, question=True) for path in ("/data", "/srv")]
    seal = said(context(), *lacks, *top)
    assert [entry.what for entry in seal.capabilities.left] == ["DAC_OVERRIDE", "DAC_READ_SEARCH"]
    assert [entry.what for entry in seal.filesystem.left] == ["/data", "/srv"]


def test_what_fell_back_is_not_stated() -> None:
    refusal = refused(RefusedBecause.SYSCALL, "clone3", errno=errno.ENOSYS)
    assert not said(context(), refusal).syscalls.left


def test_limits_that_were_hit_are_stated() -> None:
    assert said(context(), refused(RefusedBecause.PROCESSES, "")).limits.left


def test_data_of_another_owner_is_a_loud_note() -> None:
    base = context([ran_as(33, 33)])
    owned = replace(base, profile=replace(base.profile, mounted={"/data": holding(0, 33)}))
    (note,) = (note for note in said(owned).notes if note.startswith(LOUD))
    assert "uid 0" in note
    assert "chown -R 33:33 /data" in note
    same = replace(base, profile=replace(base.profile, mounted={"/data": holding(33)}))
    assert not [note for note in said(same).notes if note.startswith(LOUD)]


def test_what_the_log_misses_is_a_loud_note() -> None:
    refusal = refused(RefusedBecause.PERMISSION, "/etc/served/key", errno=13, writing=False)
    notes = said(context([ran_as(33, 33)]), refusal).notes
    assert any("/etc/served/key" in note for note in notes if note.startswith(LOUD))
    writes = refused(RefusedBecause.PERMISSION, "/etc/served/key", errno=13)
    assert not [note for note in said(context(), writes).notes if note.startswith(LOUD)]


def test_data_that_no_volume_can_keep_is_a_loud_note() -> None:
    tree = {**TREE, "/var/data": directory(), "/var/data/served": directory(0, 0)}
    path = "/var/data/served/index"
    base = context([wrote(path), ran_as(33, 33)], tree=tree, lasting=[path])
    assert any("/var/data/served" in note for note in said(base).notes if note.startswith(LOUD))


def test_what_only_root_wrote_and_nobody_does_now_is_a_loud_note() -> None:
    path = "/etc/served/password"
    base = context([wrote(path, uid=0, phase=Phase.START), ran_as(33, 33)], lasting=[path])
    assert any(path in note for note in said(base).notes if note.startswith(LOUD))
    tried = refused(RefusedBecause.READ_ONLY, path)
    assert not any(path in note for note in said(base, tried).notes)
    draft = ServiceAdvice(base).draft().model_copy(update={"user": WORKER})
    assert not any(
        path in note for note in stated(draft, ServiceOutcome(wrote=frozenset({path})), base).notes
    )
    own = context([wrote(path, uid=33, phase=Phase.START), ran_as(33, 33)], lasting=[path])
    assert not any(path in note for note in said(own).notes)


def test_set_id_programs_and_idle_mounts_are_named() -> None:
    tree = {**TREE, "/usr/bin/su": file(mode=0o4755)}
    mounts = ({"kind": "volume", "target": "/idle", "source": "idle"},)
    notes = said(context([ran_as(33, 33)], tree=tree, service={"mounts": mounts})).notes
    assert any("/usr/bin/su" in note for note in notes)
    assert any("/idle" in note for note in notes)
