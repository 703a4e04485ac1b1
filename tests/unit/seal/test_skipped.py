"""What only root prepares, and nobody is refused: `if [ "$(id -u)" = 0 ]` in an entrypoint."""

from __future__ import annotations

from dataclasses import replace

from lacre.observe import Phase
from lacre.seal.advice import ServiceAdvice
from lacre.seal.context import Context
from lacre.seal.controls import user
from lacre.seal.prove import ServiceOutcome
from lacre.seal.skipped import missed, skipped
from lacre.sensor import AnyFact, RefusedBecause, WriteKind
from tests.unit.seal.invented import APP, context, opened, ran_as, refused, wrote

PREPARED = "/etc/served/password"
OTHER = "/usr/bin/other"
NOTHING = ServiceOutcome()


def prepared(*more: AnyFact, path: str = PREPARED, mounted: bool = False) -> Context:
    facts = [ran_as(0, 0), ran_as(33, 33), wrote(path, uid=0, phase=Phase.START), *more]
    mounts = ({"kind": "volume", "target": "/data", "source": "data"},) if mounted else ()
    return context(facts, lasting=[path], service={"mounts": mounts})


def test_what_root_writes_and_another_reads_takes_the_seal_back_to_root() -> None:
    base = prepared(opened(PREPARED))
    advice = ServiceAdvice(base)
    other = advice.reject(advice.draft(), NOTHING)
    assert other is not None and other.user.root
    reason = other.user.grants[0].reason
    assert PREPARED in reason and APP in reason and "33:33" in reason


def test_what_nobody_reads_is_skipped_but_not_missed() -> None:
    base = prepared()
    assert skipped(NOTHING, base) == {PREPARED}
    assert not missed(NOTHING, base)
    assert ServiceAdvice(base).reject(ServiceAdvice(base).draft(), NOTHING) is None


def test_its_writer_may_read_it_again_as_root_and_not_as_another() -> None:
    assert not missed(NOTHING, prepared(opened(PREPARED, uid=0)))
    other = prepared(replace(opened(PREPARED, uid=0), by=OTHER))
    assert missed(ServiceOutcome(executed=frozenset({OTHER})), other) == {PREPARED: OTHER}
    assert not missed(NOTHING, other)  # a grep of the part that is skipped, too


def test_what_is_written_or_refused_in_the_trial_is_not_skipped() -> None:
    base = prepared(opened(PREPARED))
    assert not missed(ServiceOutcome(wrote=frozenset({PREPARED})), base)
    assert not missed(ServiceOutcome(refusals=(refused(RefusedBecause.READ_ONLY, PREPARED),)), base)
    assert not missed(ServiceOutcome(questions=(refused(RefusedBecause.READ_ONLY, PREPARED),)), base)


def test_a_file_named_after_its_container_is_the_same_in_another_one() -> None:
    path = "/etc/served/460cde0a6413.key"
    base = prepared(opened(path), path=path)
    assert missed(NOTHING, base)
    assert not missed(ServiceOutcome(wrote=frozenset({"/etc/served/5664ceeb4515.key"})), base)
    path = "/etc/served/2f1c9a34-0b6e-4f0e-8a5c-0123456789ab/key"
    another = "/etc/served/77777777-0b6e-4f0e-8a5c-0123456789ab/key"
    base = prepared(opened(path), path=path)
    assert not missed(ServiceOutcome(wrote=frozenset({another})), base)


def test_another_user_has_it_in_another_home() -> None:
    path = "/root/.pgpass"
    base = prepared(opened(path), path=path)
    assert missed(NOTHING, base)
    assert not missed(ServiceOutcome(wrote=frozenset({"/home/served/.pgpass"})), base)


def test_what_was_written_there_before_too_does_not_stand_for_another_file() -> None:
    beside = "/etc/served/other"
    base = prepared(opened(PREPARED), wrote(beside, uid=33))
    assert missed(ServiceOutcome(wrote=frozenset({beside})), base)
    assert not missed(ServiceOutcome(wrote=frozenset({"/etc/served/tmp.aB3dE"})), base)


def test_accounts_that_root_renames_are_no_loss_to_who_has_the_number() -> None:
    base = prepared(opened("/etc/passwd"), path="/etc/passwd")
    assert skipped(NOTHING, base) == {"/etc/passwd"}
    assert not missed(NOTHING, base)


def test_whoever_is_not_root_would_skip_the_same_so_none_is_tried() -> None:
    base = prepared(opened(PREPARED), ran_as(1000, 1000), wrote("/tmp/x", uid=1000))
    advice = ServiceAdvice(base)
    assert len(user.candidates(base)) == 3
    other = advice.reject(advice.draft(), NOTHING)
    assert other is not None and other.user.root


def test_what_another_user_writes_too_is_not_roots_alone() -> None:
    assert not skipped(NOTHING, prepared(opened(PREPARED), wrote(PREPARED, uid=33)))


def test_a_file_on_a_mount_counts_unless_it_is_removed_again() -> None:
    path = "/data/key"
    assert missed(NOTHING, prepared(opened(path), path=path, mounted=True)) == {path: APP}
    removed = wrote(path, uid=0, kind=WriteKind.REMOVE)
    assert not missed(NOTHING, prepared(opened(path), removed, path=path, mounted=True))


def test_what_the_engine_writes_and_what_vanishes_does_not_count() -> None:
    for path in ("/etc/hosts", "/run/served.pid", "/tmp/x", "/srv/app/__pycache__/x.pyc"):
        assert not missed(NOTHING, prepared(opened(path), path=path))
