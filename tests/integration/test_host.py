"""`lacre host` on the real kernel: harmless keys only, and everything as before afterwards, byte for byte."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lacre.errors import NotAppliedError
from lacre.host import facts, journal, work
from lacre.host.files import Root
from lacre.host.model import Profile
from lacre.host.settings import SETTINGS
from tests.unit.host import trees

HERE = Path(__file__).parent
HOST = Profile.CONTAINER_HOST
LACRE = [sys.executable, "-c", "from lacre.cli import main; main()"]
HARMLESS = ("net.ipv4.tcp_rfc1337", "dev.tty.ldisc_autoload", "kernel.oops_limit")
OTHERS = tuple(setting.id for setting in SETTINGS if setting.id not in HARMLESS)


def kernel() -> dict[str, str | None]:
    """What every sysctl of the table holds now; interfaces come and go, so those that have a `*` are left out."""
    fixed = [setting for setting in SETTINGS if "*" not in setting.key]
    return dict(facts.read(Root(), fixed, None).values)


def files() -> dict[str, object]:
    """All of /etc/sysctl.d, /etc/docker and lacre's own directory."""
    found: dict[str, object] = {}
    for directory in ("/etc/sysctl.d", "/etc/docker", "/var/lib/lacre"):
        found[directory] = trees.snapshot(Path(directory)) if Path(directory).exists() else None
    return found


@pytest.fixture
def as_before() -> Iterator[None]:
    """Whatever a test does, the host is brought back, and held to what it was."""
    if journal.load(Root()).runs:
        pytest.fail("lacre host was applied to this machine: roll that back first", pytrace=False)
    before = kernel(), files()
    yield
    work.rolled_back(Root(), force=True)
    assert (kernel(), files()) == before


def apply() -> work.Applied:
    return work.applied(Root(), HOST, skipped=OTHERS, ask=None)


def test_harmless_keys_are_set_and_brought_back(as_before: None) -> None:
    before = kernel(), files()
    done = apply()
    assert "/etc/sysctl.d/90-lacre.conf" in done.done
    assert Path("/proc/sys/net/ipv4/tcp_rfc1337").read_text() == "1\n"
    assert Path("/proc/sys/kernel/oops_limit").read_text() == "100\n"
    again = work.audit(Root(), HOST, ask=None)
    ours = {s.setting.id: s for s in again.states if s.setting.id in HARMLESS}
    assert all(s.now == "good" for s in ours.values())
    assert str(ours["net.ipv4.tcp_rfc1337"].keys[0].decides).startswith("/etc/sysctl.d/90-lacre.conf:")
    assert not work.rolled_back(Root()).left
    assert (kernel(), files()) == before


def test_kill_at_operations_all_over_an_apply_on_the_real_kernel_is_rolled_back(as_before: None) -> None:
    before = kernel(), files()
    for number in itertools.count(1, 3):
        killed = trees.killed_at(number, apply)
        work.rolled_back(Root())
        assert (kernel(), files()) == before, number
        if not killed:
            break
    assert number > 15


def test_the_command_as_a_whole(as_before: None) -> None:
    skip = [word for id in OTHERS for word in ("--skip", id)]

    def lacre(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*LACRE, "host", *words], capture_output=True, text=True, check=False, timeout=120
        )

    assert lacre("plan", *skip).returncode == 1
    assert lacre("apply", *skip).returncode == 0
    assert lacre("plan", *skip).returncode == 0
    assert lacre("rollback").returncode == 0


def in_namespace(*words: str, before: str = "true") -> subprocess.CompletedProcess[str]:
    """A command of lacre in namespaces of its own, after some shell commands there."""
    script = f'{before} && exec "$@"'
    return subprocess.run(
        ["unshare", *words, "sh", "-c", script, "sh", *LACRE, "host", "plan"],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_read_only_proc_sys_holds_every_value_back(as_before: None) -> None:
    done = in_namespace(
        "--mount", before="mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
    )
    said = " ".join(done.stdout.split())
    assert "cannot be written here" in said, done.stderr
    assert "net.ipv4.tcp_rfc1337" in said.partition("held back")[2]


def test_a_container_is_refused_with_the_reason(as_before: None) -> None:
    done = in_namespace("--pid", "--fork", "--mount-proc")
    assert done.returncode == 2
    assert "this is a container" in done.stderr and "process id namespace" in done.stderr


def free(path: Path) -> None:
    subprocess.run(["chattr", "-i", path], check=True)


def test_an_immutable_file_or_directory_is_named_and_nothing_is_done(tmp_path: Path) -> None:
    if shutil.which("chattr") is None:
        pytest.skip("there is no chattr")
    for number, path in enumerate(("etc/docker/daemon.json", "etc/docker", "etc/sysctl.d")):
        here = tmp_path / str(number)
        root = trees.make(here)
        with ExitStack() as stack:
            if subprocess.run(["chattr", "+i", here / path], check=False).returncode != 0:
                pytest.skip("this file system has no immutable files")
            stack.callback(free, here / path)
            before = trees.snapshot(here)
            with pytest.raises(NotAppliedError, match=f"/{path} is immutable"):
                work.applied(root, HOST, ask=None)
            assert trees.snapshot(here) == before


@contextmanager
def small_disk(directory: Path, size: int) -> Iterator[Path]:
    directory.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory], check=True)
    try:
        yield directory
    finally:
        subprocess.run(["umount", directory], check=True)


def test_a_full_disk_at_any_fill_leaves_all_or_nothing(tmp_path: Path) -> None:
    outcomes = set()
    with small_disk(tmp_path / "disk", 1 << 20) as disk:
        for free in range(0, 15):
            here = disk / "host"
            root = trees.make(here)
            told = os.statvfs(disk)
            filler = disk / "filler"
            filler.write_bytes(bytes(max(0, (told.f_bavail - free) * told.f_bsize)))
            before = trees.snapshot(here)
            try:
                work.applied(root, HOST, ask=None)
            except NotAppliedError as error:
                assert "No space left" in error.happened
                outcomes.add("nothing")
            else:
                outcomes.add("all")
                assert root.at("/proc/sys/kernel/kptr_restrict").read_text() == "2\n"
                filler.unlink()
                work.rolled_back(root)
            assert trees.snapshot(here) == before, free
            shutil.rmtree(here)
            filler.unlink(missing_ok=True)
    assert outcomes == {"all", "nothing"}


@pytest.mark.parametrize(
    ("thing", "setting"),
    [
        ("io_uring", "kernel.io_uring_disabled"),
        ("perf", "kernel.perf_event_paranoid"),
        ("userns", "kernel.unprivileged_userns_clone"),
        ("ptrace", "kernel.yama.ptrace_scope"),
    ],
)
def test_a_real_program_that_needs_something_is_named_before(thing: str, setting: str) -> None:
    if not list(Root().glob(f"/proc/sys/{setting.replace('.', '/')}")):
        pytest.skip(f"this kernel has no {setting}")
    with subprocess.Popen(
        [sys.executable, HERE / "needy.py", thing, "hold"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as needy:
        assert needy.stdout is not None and needy.stdin is not None
        assert needy.stdout.readline() == "works\n"
        made = work.planned(Root(), HOST, ask=None)
        needy.stdin.close()
    held = {change.setting.id: change.held for change in made.held}
    assert f"needy-{thing} (pid" in held[setting]
