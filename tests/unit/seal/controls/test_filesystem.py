from __future__ import annotations

from dataclasses import replace

import pytest

from lacre.seal import uncovered
from lacre.seal.context import parent
from lacre.seal.controls import filesystem
from lacre.seal.directories import bare
from lacre.seal.model import FileSystem, Margin, NamedVolume, User
from lacre.sensor import AnyFact, Origin, RefusedBecause, Write, WriteKind
from tests.unit.seal.invented import (
    APP,
    TREE,
    context,
    directory,
    executed,
    file,
    mapped,
    opened,
    ran_as,
    refused,
    wrote,
)

WORKER = User(user="33:33", root=False)
ROOT = User(root=True)
ALWAYS = {"/tmp"}
PREPARED = "/var/spool/served"  # what the image hands empty to uid 33


def mounts(setting: FileSystem) -> set[str]:
    return {mount.path for mount in setting.tmpfs}


def volumes(setting: FileSystem) -> set[str]:
    return {volume.path for volume in setting.volumes} - {PREPARED}


def left(setting: FileSystem) -> set[str]:
    return {refusal.what for refusal in setting.left}


def test_a_service_that_writes_nothing_gets_its_temporary_directory_only() -> None:
    setting = filesystem.propose(context(), WORKER)
    assert setting.read_only
    assert mounts(setting) == ALWAYS
    assert [volume.path for volume in setting.volumes] == [PREPARED]


def test_a_write_makes_the_directory_that_holds_it_a_tmpfs_of_the_service() -> None:
    setting = filesystem.propose(context([wrote("/run/served.pid")]), WORKER)
    run = next(mount for mount in setting.tmpfs if mount.path == "/run")
    assert (run.uid, run.gid, run.mode, run.exec) == (33, 33, 0o755, False)


def test_what_root_changes_below_var_is_its_data_and_what_it_changes_elsewhere_is_not() -> None:
    def volumes_for(*more: AnyFact, path: str) -> set[str]:
        tree = {**TREE, parent(path): directory(), path: file(), f"{parent(path)}/other": file()}
        facts = [opened(path, uid=0), wrote(path, uid=0, kind=WriteKind.MODIFY), *more]
        return volumes(filesystem.propose(context(facts, tree=tree), ROOT))

    assert volumes_for(path="/var/lib/leases/leases") == {"/var/lib/leases"}
    assert not volumes_for(opened("/var/lib/leases/other"), path="/var/lib/leases/leases")
    assert not volumes_for(path="/opt/served/state")


def test_what_was_left_below_run_when_the_image_was_built_is_no_obstacle() -> None:
    tree = {**TREE, "/run/served.delay": file()}
    facts: list[AnyFact] = [
        opened("/run/served.delay"),
        wrote("/run/served.delay", kind=WriteKind.MODIFY),
        wrote("/run/x"),
    ]
    setting = filesystem.propose(context(facts, tree=tree), WORKER)
    assert "/run" in mounts(setting)
    assert not setting.left
    stopped = uncovered.uncover(setting, context(facts, tree=tree))
    assert stopped is not None and "/run" not in mounts(stopped)
    only_read = [fact for fact in facts if not (isinstance(fact, Write) and fact.kind is WriteKind.MODIFY)]
    assert left(filesystem.propose(context(only_read, tree=tree), WORKER)) == {"/run/x"}


def test_what_the_image_prepared_below_a_tmpfs_is_prepared_again() -> None:
    setting = filesystem.propose(context([wrote("/run/served.pid")]), WORKER)
    lock = next(mount for mount in setting.tmpfs if mount.path == "/run/lock")
    assert lock.mode == 0o1777


def test_a_path_through_a_link_of_the_image_means_what_it_leads_to() -> None:
    assert "/run" in mounts(filesystem.propose(context([wrote("/var/run/served.pid")]), WORKER))


@pytest.mark.parametrize("path", ["/stray", "/etc/stray", "/usr/stray", "/var/stray", "/var/lib/stray"])
def test_shared_directories_are_never_granted(path: str) -> None:
    setting = filesystem.propose(context([wrote(path)]), WORKER)
    assert mounts(setting) == ALWAYS
    assert left(setting) == {path}


def test_below_a_shared_directory_the_first_missing_component_is_mounted() -> None:
    setting = filesystem.propose(context([wrote("/var/lib/other/deep/file")]), WORKER)
    assert "/var/lib/other" in mounts(setting)


def test_program_directories_stay_read_only() -> None:
    facts: list[AnyFact] = [wrote("/usr/sbin/served.tmp"), executed(APP), mapped(APP)]
    setting = filesystem.propose(context(facts), WORKER)
    assert left(setting) == {"/usr/sbin/served.tmp"}


def test_a_script_directory_with_files_of_somebody_else_stays_read_only() -> None:
    facts: list[AnyFact] = [opened("/srv/app/main.py"), wrote("/srv/app/state.db"), ran_as(33, 33)]
    assert left(filesystem.propose(context(facts), WORKER)) == {"/srv/app/state.db"}


def test_byte_code_is_left_refused() -> None:
    facts: list[AnyFact] = [opened("/srv/app/main.py"), wrote("/srv/app/__pycache__/main.cpython-311.pyc")]
    assert left(filesystem.propose(context(facts), WORKER)) == {"/srv/app/__pycache__/main.cpython-311.pyc"}


def test_making_the_directory_of_byte_code_is_left_refused() -> None:
    facts: list[AnyFact] = [opened("/srv/app/main.py"), wrote("/srv/app/__pycache__"), ran_as(33, 33)]
    own = {**TREE, "/srv/app": directory(33, 33), "/srv/app/main.py": file(33, 33)}
    setting = filesystem.propose(context(facts, tree=own), WORKER)
    assert not volumes(setting)
    assert left(setting) == {"/srv/app/__pycache__"}


def test_no_volume_lies_over_code_however_much_it_is_the_services_own() -> None:
    """The volume would keep it, and nobody would see that the next image's never runs."""
    facts: list[AnyFact] = [opened("/srv/app/main.py"), wrote("/srv/app/schedule.db"), ran_as(33, 33)]
    own = {**TREE, "/srv/app": directory(33, 33), "/srv/app/main.py": file(33, 33)}
    setting = filesystem.propose(context(facts, tree=own, lasting=["/srv/app/schedule.db"]), WORKER)
    assert not volumes(setting)
    assert left(setting) == {"/srv/app/schedule.db"}
    assert "next image" in setting.left[0].reason


def test_content_of_the_image_that_is_the_services_own_becomes_a_volume() -> None:
    facts: list[AnyFact] = [
        opened("/var/lib/served/data.bin"),
        wrote("/var/lib/served/data.bin", kind=WriteKind.MODIFY),
        ran_as(33, 33),
    ]
    setting = filesystem.propose(context(facts), WORKER)
    assert NamedVolume(path="/var/lib/served", name="web-var-lib-served") in setting.volumes
    assert "/var/lib/served" not in mounts(setting)


def test_files_that_are_there_when_the_service_stops_must_outlive_it() -> None:
    path = "/var/lib/served/dump"
    setting = filesystem.propose(context([wrote(path), ran_as(33, 33)], lasting=[path]), WORKER)
    assert volumes(setting) == {"/var/lib/served"}


def test_work_files_that_are_gone_by_then_need_not() -> None:
    assert not volumes(filesystem.propose(context([wrote("/var/lib/served/work")]), WORKER))


def test_a_directory_that_was_only_made_is_no_data() -> None:
    made = replace(wrote("/var/lib/served/body"), syscall="mkdir")
    assert not volumes(filesystem.propose(context([made], lasting=["/var/lib/served/body"]), WORKER))


def test_a_directory_handed_empty_to_the_service_lasts_like_its_other_data() -> None:
    facts: list[AnyFact] = [
        wrote(f"{PREPARED}/message"),
        ran_as(33, 33),
    ]  # delivered before the baseline stopped
    setting = filesystem.propose(context(facts), WORKER)
    assert PREPARED in {volume.path for volume in setting.volumes}
    cache = {**TREE, "/var/cache/served": directory(33, 33)}
    setting = filesystem.propose(context([ran_as(33, 33)], tree=cache), WORKER)
    assert "/var/cache/served" in mounts(setting)


def test_a_volume_takes_the_place_of_mounts_below_it_that_the_service_may_write_there_too() -> None:
    tree = {**TREE, "/var/q": directory(33, 33), "/var/q/in": directory(33, 33), "/var/q/tmp": directory()}
    facts: list[AnyFact] = [wrote("/var/q/tmp/x"), wrote("/var/q/db"), ran_as(33, 33)]
    draft = filesystem.propose(context(facts[1:], tree=tree, lasting=["/var/q/db"]), WORKER)
    assert volumes(draft) == {"/var/q"}
    assert not mounts(draft) - ALWAYS
    kept = filesystem.mend(
        filesystem.propose(context([facts[0], facts[2]], tree=tree, lasting=["/var/q/db"]), WORKER),
        [refused(RefusedBecause.READ_ONLY, "/var/q/db")],
        context(facts, tree=tree, lasting=["/var/q/db"]),
        WORKER,
    )
    assert volumes(kept) == {"/var/q"}
    assert mounts(kept) == {*ALWAYS, "/var/q/tmp"}  # in a volume it would be root's


def test_a_tmpfs_does_not_hand_the_service_what_is_prepared_below_it_for_others() -> None:
    tree = {
        **TREE, "/run/of-root": directory(), "/run/own": directory(33, 33), "/run/used": directory(),
    }  # fmt: skip
    pid = wrote("/run/served.pid")
    setting = filesystem.propose(context([pid, wrote("/run/used/x")], tree=tree), WORKER)
    assert mounts(setting) == {*ALWAYS, "/run", "/run/lock", "/run/own", "/run/used"}
    assert "/run/of-root" in mounts(filesystem.propose(context([pid], tree=tree), ROOT))


@pytest.mark.parametrize("user", [WORKER, User(user=None, root=False)])
def test_what_lasts_in_a_prepared_directory_is_a_volume_also_where_the_image_names_the_user(
    user: User,
) -> None:
    path = "/var/spool/served/dump"
    setting = filesystem.propose(context([wrote(path), ran_as(33, 33)], lasting=[path]), user)
    assert PREPARED in {volume.path for volume in setting.volumes}
    assert PREPARED not in mounts(setting)


def test_a_directory_prepared_for_logs_is_a_volume_also_where_the_image_names_the_user() -> None:
    tree = {**TREE, "/var/log/kept": directory(33, 33)}
    setting = filesystem.propose(context([ran_as(33, 33)], tree=tree), User(user=None, root=False))
    assert volumes(setting) == {"/var/log/kept"}


def test_a_volume_that_the_service_could_not_write_is_a_tmpfs() -> None:
    tree = {**TREE, "/var/data": directory(), "/var/data/served": directory(0, 0)}
    path = "/var/data/served/index"
    setting = filesystem.propose(context([wrote(path)], tree=tree, lasting=[path]), WORKER)
    assert not volumes(setting)
    assert "/var/data/served" in mounts(setting)


@pytest.mark.parametrize("path", ["/run/served.pid", "/var/cache/served/page", "/tmp/upload"])
def test_what_vanishes_anyway_need_not_outlive_anything(path: str) -> None:
    assert not volumes(filesystem.propose(context([wrote(path)], lasting=[path]), WORKER))


def test_mounts_of_the_base_are_left_alone() -> None:
    base = context(
        [wrote("/data/file"), wrote("/upload/file")],
        service={"mounts": ({"kind": "volume", "target": "/data", "source": "data"},)},
        volumes=("/upload",),
    )
    setting = filesystem.propose(base, WORKER)
    assert mounts(setting) == ALWAYS
    assert not setting.left


def test_empty_directories_of_the_service_are_made_writable_at_normal_but_not_at_exact() -> None:
    facts: list[AnyFact] = [ran_as(33, 33)]
    assert filesystem.propose(context(facts), WORKER).volumes
    assert not filesystem.propose(context(facts, margin=Margin.EXACT), WORKER).volumes


def test_code_made_at_run_time_needs_exec() -> None:
    facts: list[AnyFact] = [wrote("/run/jit.so"), mapped("/run/jit.so")]
    setting = filesystem.propose(context(facts), WORKER)
    assert next(mount for mount in setting.tmpfs if mount.path == "/run").exec


def test_a_program_dropped_and_run_needs_exec() -> None:
    facts: list[AnyFact] = [wrote("/run/tool"), executed("/run/tool", Origin.WRITTEN)]
    setting = filesystem.propose(context(facts), WORKER)
    assert next(mount for mount in setting.tmpfs if mount.path == "/run").exec


def test_sizes_follow_what_was_seen_there() -> None:
    seen = context([wrote("/run/big")])
    grown = replace(seen, profile=replace(seen.profile, sizes={"/run": 100 * filesystem.MIB}))
    setting = filesystem.propose(grown, WORKER)
    assert next(mount for mount in setting.tmpfs if mount.path == "/run").size == 400 * filesystem.MIB


def test_a_refused_write_is_granted_and_granting_it_again_changes_nothing() -> None:
    refusal = refused(RefusedBecause.READ_ONLY, "/run/served.sock")
    first = filesystem.mend(FileSystem(), [refusal], context(), WORKER)
    assert "/run" in mounts(first)
    assert filesystem.mend(first, [refusal], context(), WORKER) == first


def test_a_full_tmpfs_is_enlarged() -> None:
    before = filesystem.propose(context([wrote("/run/x")]), WORKER)
    after = filesystem.mend(before, [refused(RefusedBecause.FULL, "/run/x", errno=28)], context(), WORKER)
    sizes = [next(m.size for m in setting.tmpfs if m.path == "/run") for setting in (before, after)]
    assert sizes[1] == 4 * sizes[0]


def test_refused_executable_memory_turns_noexec_off_there() -> None:
    before = filesystem.propose(context([wrote("/run/x.so")]), WORKER)
    refusal = refused(RefusedBecause.NO_EXEC, "/run/x.so", syscall="mmap", errno=1, writing=False)
    after = filesystem.mend(before, [refusal], context(), WORKER)
    assert {mount.path for mount in after.tmpfs if mount.exec} == {"/run"}


def test_what_was_uncovered_is_not_covered_again() -> None:
    before = filesystem.propose(context([wrote("/run/x")]), WORKER)
    without = uncovered.uncover(before, context())
    assert without is not None
    assert "/run" not in mounts(without)
    again = filesystem.mend(without, [refused(RefusedBecause.READ_ONLY, "/run/x")], context(), WORKER)
    assert "/run" not in mounts(again)


def test_what_is_refused_where_a_mount_was_taken_away_is_no_mount_of_its_own() -> None:
    without = uncovered.uncover(filesystem.propose(context([wrote("/run/x")]), WORKER), context())
    assert without is not None
    again = filesystem.mend(without, [refused(RefusedBecause.READ_ONLY, "/run/x")], context(), WORKER)
    assert "/run/x" not in bare(again)


def made_itself() -> FileSystem:
    """Without the mounts on two directories that the image does not have."""
    facts = [wrote("/var/lib/one/file"), wrote("/var/lib/two/file")]
    before = filesystem.propose(context(facts), WORKER)
    assert {"/var/lib/one", "/var/lib/two"} <= mounts(before)
    without = uncovered.unmake(before, context(facts))
    assert without is not None
    return without


def test_a_mount_where_the_image_has_nothing_can_be_taken_away() -> None:
    without = made_itself()
    assert mounts(without) == ALWAYS
    refusal = refused(RefusedBecause.READ_ONLY, "/var/lib/one", syscall="mkdir")
    assert mounts(filesystem.mend(without, [refusal], context(), WORKER)) == ALWAYS


def test_of_the_mounts_taken_away_those_that_are_missed_come_back_and_stay() -> None:
    refusal = refused(RefusedBecause.READ_ONLY, "/var/lib/one", syscall="mkdir")
    again = uncovered.cover_again(made_itself(), [refusal], context(), WORKER)
    assert again is not None
    assert not again.off
    assert mounts(again) == ALWAYS | {"/var/lib/one"}
    assert bare(again) == ["/var/lib/two"]
    assert uncovered.unmake(again, context()) is None


def test_where_all_that_was_taken_away_is_missed_nothing_lies_between() -> None:
    missed = [
        refused(RefusedBecause.READ_ONLY, path, syscall="mkdir") for path in ("/var/lib/one", "/var/lib/two")
    ]
    again = uncovered.cover_again(made_itself(), missed, context(), WORKER)
    assert again is not None
    assert again.off == "it must make /var/lib/one itself, and fails where a mount is there before it"
    assert mounts(again) == ALWAYS
    assert bare(again) == ["/var/lib/one", "/var/lib/two"]


def test_what_only_asked_puts_no_mount_back() -> None:
    asked = refused(RefusedBecause.READ_ONLY, "/var/lib/one", writing=False)
    assert uncovered.cover_again(made_itself(), [asked], context(), WORKER) is None


@pytest.mark.parametrize("name", ["a\nb", "a:b", "a,b", "a\udcff", "a\x1b[2J"])
def test_a_directory_name_that_no_file_can_carry_is_never_mounted(name: str) -> None:
    setting = filesystem.propose(context([wrote(f"/var/lib/{name}/x")]), WORKER)
    assert mounts(setting) == ALWAYS
    assert len(setting.left) == 1


def test_where_compose_refuses_a_read_only_root_it_is_off_and_says_why() -> None:
    refusing = replace(context(), read_only_refused="the secret key comes from the environment")
    setting = filesystem.propose(refusing, WORKER)
    assert not setting.read_only
    assert setting.off == "the secret key comes from the environment"


def test_nothing_is_mounted_over_a_secret_that_is_copied_in() -> None:
    facts: list[AnyFact] = [wrote("/run/served.pid"), wrote("/run/lock/served"), ran_as(33, 33)]
    secrets = {"secrets": ("/run/secrets/key", "/tmp/key")}
    base = context(facts, service=secrets)
    assert {"/run", "/tmp"} <= mounts(filesystem.propose(base, WORKER))
    copied = replace(base, read_only_refused="the secret key comes from the environment")
    assert mounts(filesystem.propose(copied, WORKER)) == {"/run/lock"}
    prepared = replace(copied, service=copied.service.model_copy(update={"secrets": (f"{PREPARED}/key",)}))
    assert not filesystem.propose(prepared, WORKER).volumes


def test_at_the_very_last_nothing_is_mounted_at_all() -> None:
    """As the base is: also what was put back before is gone then."""
    refusal = refused(RefusedBecause.READ_ONLY, "/var/lib/one", syscall="mkdir")
    again = uncovered.cover_again(made_itself(), [refusal], context(), WORKER)
    assert again is not None and "/var/lib/one" in mounts(again)
    last = uncovered.unmount(filesystem.given_up(again, "why"))
    assert last is not None
    assert not mounts(last) | volumes(last)
    assert {"/tmp", "/var/lib/one", "/var/lib/two"} <= set(bare(last))
    assert uncovered.unmount(last) is None


def test_a_mount_of_a_root_service_belongs_to_who_alone_writes_it() -> None:
    def owner(*uids: int) -> int:
        facts = [wrote(f"/var/spool/served/{uid}", uid=uid) for uid in uids]
        setting = filesystem.propose(context(facts), ROOT)
        return next(mount.uid for mount in setting.tmpfs if mount.path == "/var/spool/served")

    assert owner(0) == 0
    assert owner(1000) == 1000
    assert owner(0, 1000) == 33  # as in the image


def test_a_log_directory_of_the_service_outlives_a_restart() -> None:
    tree = {**TREE, "/var/log/kept": directory(33, 33)}
    setting = filesystem.propose(context([wrote("/var/log/served/x.log")], tree=tree), WORKER)
    assert volumes(setting) == {"/var/log/kept"}


def test_two_directories_never_share_a_volume_nor_take_one_of_the_project() -> None:
    tree = {**TREE, "/var/log/a": directory(33, 33), "/var/log/a/b": directory(33, 33)}
    tree["/var/log/a-b"] = directory(33, 33)
    facts: list[AnyFact] = [wrote("/var/log/a/b/x"), wrote("/var/log/a-b/x")]
    taken = replace(context(facts, tree=tree), taken_volumes=frozenset({"web-var-log-a-b"}))
    names = [volume.name for volume in filesystem.propose(taken, WORKER).volumes]
    assert len(set(names)) == len(names) >= 2
    assert "web-var-log-a-b" not in names
