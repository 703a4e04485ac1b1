"""Applied and rolled back on a made-up host: byte for byte, whatever happens in between."""

from __future__ import annotations

import errno
import itertools
import json
import os
import shutil
from functools import partial
from pathlib import Path

import pytest

from lacre.errors import GroundError, HalfDoneError, NotAppliedError
from lacre.host import apply as applying
from lacre.host import journal, work, writing
from lacre.host.files import Root
from lacre.host.model import Profile, Verdict
from tests.unit.host import trees

HOST = Profile.CONTAINER_HOST


@pytest.fixture(autouse=True)
def unsynced(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine goes on, so what is synced cannot be seen here, and takes half of the time."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def apply(root: Root) -> work.Applied:
    return work.applied(root, HOST, ask=None)


def value(root: Root, key: str) -> str:
    return root.at(f"/proc/sys/{key}").read_text()


def test_apply_sets_values_and_files_and_rollback_brings_all_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    os.setxattr(root.at("/etc/docker/daemon.json"), "user.kept", b"\0\1")
    before = trees.snapshot(tmp_path)
    done = apply(root)
    assert value(root, "kernel/kptr_restrict") == "2\n"
    assert "kernel.kptr_restrict = 2\n" in root.at("/etc/sysctl.d/90-lacre.conf").read_text()
    daemon = root.at("/etc/docker/daemon.json").read_text()
    assert json.loads(daemon)["no-new-privileges"] is True
    assert daemon.startswith(trees.DAEMON.rstrip("\n}"))
    assert root.at("/etc/docker/daemon.json").stat().st_mode & 0o777 == 0o640
    assert os.getxattr(root.at("/etc/docker/daemon.json"), "user.kept") == b"\0\1"
    assert all(s.now is not Verdict.BAD for s in done.after if s.setting.id == "kernel.kptr_restrict")
    undone = work.rolled_back(root)
    assert not undone.left
    assert trees.snapshot(tmp_path) == before


def test_two_applies_are_one_way_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    work.applied(root, Profile.DEV, ask=None)
    work.applied(root, HOST, ask=None)
    assert len(journal.load(root).runs) == 2
    work.rolled_back(root)
    assert trees.snapshot(tmp_path) == before


def test_applying_twice_changes_nothing_the_second_time(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    apply(root)
    between = trees.snapshot(tmp_path)
    assert apply(root).done == ()
    assert trees.snapshot(tmp_path) == between


def test_what_is_for_the_next_start_only_is_written_once_and_not_called_set(tmp_path: Path) -> None:
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, "kernel/kexec_load_disabled": "0"})
    before = trees.snapshot(tmp_path)
    assert "kernel.kexec_load_disabled" not in apply(root).done
    assert value(root, "kernel/kexec_load_disabled") == "0\n"
    assert apply(root).done == ()
    trees.put(root, "/proc/sys/kernel/kexec_load_disabled", "1\n")  # as after a restart
    undone = work.rolled_back(root)
    assert not undone.left
    assert trees.snapshot(tmp_path) == before


def test_what_was_not_there_is_gone_again(tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon=None)
    trees.put(root, "/usr/bin/dockerd", "")
    (tmp_path / "etc/sysctl.d").rmdir()
    before = trees.snapshot(tmp_path)
    apply(root)
    assert root.at("/etc/docker/daemon.json").exists()
    work.rolled_back(root)
    assert trees.snapshot(tmp_path) == before


def test_a_kill_at_every_change_of_apply_is_rolled_back(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    number = 1
    while trees.stopped_at(number, lambda: apply(root)):
        work.rolled_back(root)
        assert trees.snapshot(tmp_path) == before, f"killed before change {number}"
        number += 1
    assert number > 25


def test_a_kill_at_every_change_of_apply_is_undone_by_the_next_apply(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    number = 1
    while trees.stopped_at(number, lambda: apply(root)):
        apply(root)
        assert value(root, "kernel/kptr_restrict") == "2\n"
        assert all(run.complete for run in journal.load(root).runs)
        work.rolled_back(root)
        assert trees.snapshot(tmp_path) == before, f"killed before change {number}"
        number += 1
    assert number > 25


def test_a_kill_at_every_change_of_rollback_is_rolled_back_again(tmp_path: Path) -> None:
    clean, applied = tmp_path / "clean", tmp_path / "applied"
    before = trees.snapshot(trees.make(clean).directory)
    shutil.copytree(clean, applied, symlinks=True)
    apply(Root(applied))
    stopped, number = True, 0
    while stopped:
        number += 1
        here = tmp_path / str(number)
        shutil.copytree(applied, here, symlinks=True)
        stopped = trees.stopped_at(number, partial(work.rolled_back, Root(here)))
        work.rolled_back(Root(here))
        assert trees.snapshot(here) == before, f"killed before change {number}"
    assert number > 10


def test_a_way_back_that_is_killed_too_still_ends_well(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    changes = 0
    while trees.stopped_at(changes + 1, lambda: apply(root)):
        work.rolled_back(root)
        changes += 1
    for first in range(changes, 1, -max(1, changes // 6)):
        for second in range(1, changes, 3):
            trees.stopped_at(first, lambda: apply(root))
            trees.stopped_at(second, lambda: work.rolled_back(root))
            work.rolled_back(root)
            assert trees.snapshot(tmp_path) == before, (first, second)


def test_what_stands_for_a_kill_leaves_what_a_kill_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above stop in this process; here it is compared with one that is really killed."""
    monkeypatch.setattr("lacre.host.work.time.strftime", lambda *_: "now")
    clean = tmp_path / "clean"
    trees.make(clean)
    for number in (1, 6, 11, 16, 21, 26):
        left = []
        for name, stop in (("killed", trees.killed_at), ("stopped", trees.stopped_at)):
            here = tmp_path / f"{name}-{number}"
            shutil.copytree(clean, here, symlinks=True)
            assert stop(number, partial(apply, Root(here)))
            left.append(trees.contents(here))
        assert left[0] == left[1], number


@pytest.mark.parametrize("name", ["write", "fsync", "rename", "mkdir"])
def test_a_full_or_broken_disk_at_any_call_changes_nothing(name: str, tmp_path: Path) -> None:
    clean = tmp_path / "clean"
    before = trees.snapshot(trees.make(clean).directory)
    for number in itertools.count(1):
        here = tmp_path / str(number)
        shutil.copytree(clean, here, symlinks=True)
        root = Root(here)
        try:
            with trees.failing(name, number, OSError(errno.ENOSPC, "No space left on device", "x")):
                apply(root)
        except NotAppliedError as error:
            assert "No space left" in error.happened
            assert trees.snapshot(here) == before, number
        else:
            break
    assert number > 1


def test_a_value_that_the_kernel_does_not_keep_takes_everything_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    real = writing.set_sysctl

    def stubborn(root: Root, key: str, text: str) -> None:
        if key != "kernel/yama/ptrace_scope" or text == "0\n":
            real(root, key, text)

    monkeypatch.setattr(writing, "set_sysctl", stubborn)
    with pytest.raises(
        NotAppliedError, match=r"kernel\.yama\.ptrace_scope was set to 2, and the kernel keeps 0"
    ):
        apply(root)
    assert trees.snapshot(tmp_path) == before


def test_an_interface_that_follows_default_by_itself_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interfaces = {f"net/ipv4/conf/{name}/send_redirects": "1" for name in ("all", "default", "veth1")}
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, **interfaces})
    before = trees.snapshot(tmp_path)
    real = writing.set_sysctl

    def following(root: Root, key: str, text: str) -> None:
        real(root, key, text)
        if key == "net/ipv4/conf/default/send_redirects":
            real(root, "net/ipv4/conf/veth1/send_redirects", text)

    monkeypatch.setattr(writing, "set_sysctl", following)
    apply(root)
    assert value(root, "net/ipv4/conf/veth1/send_redirects") == "0\n"
    assert not work.rolled_back(root).left
    assert trees.snapshot(tmp_path) == before


def test_an_interface_that_goes_away_in_the_middle_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interfaces = {
        f"net/ipv4/conf/{name}/send_redirects": "1" for name in ("all", "default", "veth1", "veth2")
    }
    root = trees.make(tmp_path, sysctls={**trees.SYSCTLS, **interfaces})
    real = writing.set_sysctl

    def leaving(root: Root, key: str, text: str) -> None:
        if key == "net/ipv4/conf/all/send_redirects":
            shutil.rmtree(root.at("/proc/sys/net/ipv4/conf/veth1"), ignore_errors=True)
        real(root, key, text)

    monkeypatch.setattr(writing, "set_sysctl", leaving)
    apply(root)
    assert value(root, "net/ipv4/conf/veth2/send_redirects") == "0\n"
    undone = work.rolled_back(root)
    assert not undone.left
    assert any("veth1.send_redirects is gone" in note for note in undone.notes)
    assert value(root, "net/ipv4/conf/veth2/send_redirects") == "1\n"


def test_what_somebody_else_changed_since_is_left_and_named_until_forced(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    apply(root)
    daemon = root.at("/etc/docker/daemon.json")
    daemon.write_text(daemon.read_text().replace("warn", "info"))
    trees.put(root, "/proc/sys/kernel/dmesg_restrict", "7\n")
    undone = work.rolled_back(root)
    assert {name for name, _ in undone.left} == {"/etc/docker/daemon.json", "kernel.dmesg_restrict"}
    assert "info" in daemon.read_text() and value(root, "kernel/kptr_restrict") == "0\n"
    assert not work.rolled_back(root, force=True).left
    assert trees.snapshot(tmp_path) == before


def test_a_broken_journal_is_never_overwritten(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.put(root, journal.FILE, '{"version": 1, "runs": [')
    before = trees.snapshot(tmp_path)
    for act in (lambda: apply(root), lambda: work.rolled_back(root)):
        with pytest.raises(GroundError, match="reading the journal"):
            act()
    assert trees.snapshot(tmp_path) == before


def test_only_one_at_a_time(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    with applying.session(root), pytest.raises(GroundError, match="another lacre host is at work"):
        apply(root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "icc": false,\n}\n', "line 3, column 1"),
        ('{ // mine\n  "icc": false\n}\n', "line 1, column 3"),
        ("[]\n", "not an object"),
        ('{\n  "log-opts": "max-size=10m"\n}\n', "line 2, column 15: this must be an object"),
        ('{"default-ulimits": []}\n', "line 1, column 21: this must be an object"),
    ],
)
def test_a_broken_daemon_json_is_said_with_its_line_and_nothing_is_done(
    text: str, said: str, tmp_path: Path
) -> None:
    root = trees.make(tmp_path, daemon=text)
    before = trees.snapshot(tmp_path)
    with pytest.raises(GroundError, match=said):
        apply(root)
    assert trees.snapshot(tmp_path) == before


@pytest.mark.parametrize(
    "text",
    [
        '\ufeff{"icc": true}',
        '{"icc": true, "icc": true}',
        '{"log-opts": null}',
        "",
        " \n",
        '{\r\n\t"ipv6": false\r\n}\r\n',
    ],
)
def test_an_odd_daemon_json_is_hardened_and_comes_back(text: str, tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon=text)
    before = trees.snapshot(tmp_path)
    apply(root)
    told = json.loads(root.at("/etc/docker/daemon.json").read_text(encoding="utf-8-sig"))
    assert told["icc"] is False and told["log-opts"]["max-size"] == "10m"
    assert not work.rolled_back(root).left
    assert trees.snapshot(tmp_path) == before


def test_a_container_is_refused(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    link = root.at("/proc/self/ns/pid")
    link.unlink()
    link.symlink_to("pid:[4026532999]")
    for act in (lambda: apply(root), lambda: work.audit(root, HOST, ask=None)):
        with pytest.raises(GroundError, match="this is a container"):
            act()


def test_a_file_with_several_names_is_refused(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    os.link(root.at("/etc/docker/daemon.json"), root.at("/etc/docker/other.json"))
    before = trees.snapshot(tmp_path)
    with pytest.raises(NotAppliedError, match="several names"):
        apply(root)
    assert trees.snapshot(tmp_path) == before


def test_a_linked_daemon_json_stays_a_link(tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon=None, files={"/srv/config/daemon.json": trees.DAEMON})
    root.at("/etc/docker").mkdir()
    root.at("/etc/docker/daemon.json").symlink_to("/srv/config/daemon.json")
    before = trees.snapshot(tmp_path)
    apply(root)
    assert root.at("/etc/docker/daemon.json").is_symlink()
    assert "no-new-privileges" in root.at("/srv/config/daemon.json").read_text()
    work.rolled_back(root)
    assert trees.snapshot(tmp_path) == before


def test_a_way_back_that_fails_keeps_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)

    def refuse(root: Root, key: str, text: str) -> None:
        if key == "kernel/yama/ptrace_scope":
            raise OSError(errno.EINVAL, "Invalid argument", key)
        if text == "0\n":
            raise OSError(errno.EPERM, "Operation not permitted", key)
        trees.put(root, f"/proc/sys/{key}", text)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "set_sysctl", refuse)
        with pytest.raises(HalfDoneError, match=r"kernel\.kptr_restrict: Operation not permitted"):
            apply(root)
    assert journal.load(root).runs
    work.rolled_back(root)
    assert trees.snapshot(tmp_path) == before
