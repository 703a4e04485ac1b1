from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lacre.observe import measured
from lacre.observe.model import Mounted, Owner


def test_a_mounted_directory_tells_its_own_owner_and_modes_below_it(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir(mode=0o750)
    (tmp_path / "deep" / "open").touch(mode=0o600)
    (tmp_path / "deep" / "open").chmod(0o606)
    (tmp_path / "link").symlink_to("/nowhere")
    tmp_path.chmod(0o700)
    uid, gid = os.getuid(), os.getgid()
    found = measured.mounted_at(os.getpid(), str(tmp_path))
    assert found.itself == {Owner(uid, gid, 0o700)}
    assert found.below == {Owner(uid, gid, mode) for mode in (0o750, 0o606, 0)}
    assert found.whole


def test_a_mounted_file_is_only_itself(tmp_path: Path) -> None:
    (tmp_path / "file").touch(mode=0o600)
    found = measured.mounted_at(os.getpid(), f"{tmp_path}/file")
    assert found == Mounted(frozenset({Owner(os.getuid(), os.getgid(), 0o600)}))


def test_what_is_gone_belongs_to_nobody(tmp_path: Path) -> None:
    assert measured.mounted_at(os.getpid(), f"{tmp_path}/none") == Mounted()


def test_a_directory_with_too_much_in_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measured, "MOST_PATHS", 2)
    for number in range(3):
        (tmp_path / str(number)).touch()
    assert not measured.mounted_at(os.getpid(), str(tmp_path)).whole


def test_an_ended_child_is_a_zombie_until_somebody_waits_for_it() -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        assert measured.zombies_of({os.getpid()}) == frozenset()
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert measured.zombies_of({os.getpid()}) == {child.pid}
    finally:
        child.kill()
        child.wait()
    assert measured.zombies_of({os.getpid()}) == frozenset()


def test_a_process_that_is_gone_has_no_zombies() -> None:
    assert measured.zombies_of({2**22 + 1}) == frozenset()
