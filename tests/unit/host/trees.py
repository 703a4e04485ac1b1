"""A made-up host: /proc/sys, sysctl.d, daemon.json and processes as a tree of ordinary files."""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from lacre.engine.daemon import Contained, DaemonFacts
from lacre.host.files import Root

DAEMON = '{\n    "log-level": "warn",\n    "labels": ["a=b"]\n}\n'
SYSCTLS = {
    "kernel/kptr_restrict": "0",
    "kernel/dmesg_restrict": "0",
    "kernel/yama/ptrace_scope": "0",
    "kernel/osrelease": "6.12.1-test",
    "net/ipv4/ip_forward": "1",
}


def make(
    directory: Path,
    *,
    sysctls: Mapping[str, str] = SYSCTLS,
    files: Mapping[str, str] = {},
    daemon: str | None = DAEMON,
    configuration: str = "CONFIG_BUG=y\n",
) -> Root:
    """A host below `directory`, with systemd-sysctl and dockerd installed and no process."""
    root = Root(directory)
    (directory / "etc/sysctl.d").mkdir(parents=True)
    (directory / "var/lib").mkdir(parents=True)
    (directory / "proc/self/ns").mkdir(parents=True)
    (directory / "proc/self/ns/pid").symlink_to("pid:[4026531836]")
    (directory / "proc/self/ns/user").symlink_to("user:[4026531837]")
    put(root, "/usr/lib/systemd/systemd-sysctl", "")
    put(root, "/boot/config-6.12.1-test", configuration)
    for key, value in sysctls.items():
        put(root, f"/proc/sys/{key}", f"{value}\n")
    for path, text in files.items():
        put(root, path, text)
    if daemon is not None:
        put(root, "/etc/docker/daemon.json", daemon)
        (directory / "etc/docker/daemon.json").chmod(0o640)
        os.utime(directory / "etc/docker/daemon.json", ns=(10**18, 10**18 + 7))
    return root


def put(root: Root, path: str, text: str) -> None:
    """A file with that content; its directories are made."""
    place = root.at(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(text, encoding="utf-8", errors="surrogateescape", newline="")


def process(
    root: Root,
    pid: int,
    name: str,
    *,
    parent: int = 1,
    uid: int | None = None,
    program: str | None = None,
    effective: int | None = None,
    capabilities: int = 0,
    tracer: int = 0,
    cgroup: str = "0::/",
    user_namespace: str = "user:[4026531837]",
    descriptors: tuple[str, ...] = (),
    command: tuple[str, ...] = (),
) -> None:
    """A process in /proc; without `uid` the engine is root's, and everything else a user's."""
    base = f"/proc/{pid}"
    if uid is None:
        uid = 0 if name == "dockerd" else 1000
    acts_as = uid if effective is None else effective
    program = program or f"/usr/bin/{name}"
    if not root.there(program):
        put(root, program, "")
    status = (
        f"Name:\t{name}\nPid:\t{pid}\nPPid:\t{parent}\nTracerPid:\t{tracer}\n"
        f"Uid:\t{uid}\t{acts_as}\t{acts_as}\t{acts_as}\nThreads:\t1\nCapEff:\t{capabilities:016x}\nNoNewPrivs:\t0\n"
    )
    put(root, f"{base}/status", status)
    put(root, f"{base}/comm", f"{name}\n")
    put(root, f"{base}/cgroup", f"{cgroup}\n")
    put(root, f"{base}/cmdline", "".join(f"{word}\0" for word in command))
    root.at(f"{base}/ns").mkdir()
    root.at(f"{base}/ns/user").symlink_to(user_namespace)
    root.at(f"{base}/ns/net").symlink_to("net:[4026531833]")
    root.at(f"{base}/exe").symlink_to(program)
    root.at(f"{base}/fd").mkdir()
    for number, target in enumerate(descriptors):
        root.at(f"{base}/fd/{number}").symlink_to(target)


Snapshot = dict[str, tuple[Any, ...]]


def snapshot(directory: Path) -> Snapshot:
    """Everything below a directory that could differ: kind, mode, owner, content, time, attributes."""
    found: Snapshot = {}
    for path in sorted(directory.rglob("*")):
        told = path.lstat()
        content: object = None
        if path.is_symlink():
            content = str(path.readlink())
        elif path.is_file():
            attributes = {name: os.getxattr(path, name) for name in os.listxattr(path)}
            # Setting a sysctl changes the time of the ordinary file that stands for it.
            time = None if "/proc/sys/" in str(path) else told.st_mtime_ns
            content = (path.read_bytes(), time, attributes)
        found[str(path.relative_to(directory))] = (
            stat.S_IFMT(told.st_mode),
            stat.S_IMODE(told.st_mode),
            told.st_uid,
            told.st_gid,
            content,
        )
    return found


def contents(directory: Path) -> Snapshot:
    """The same without the times of files."""
    return {
        path: (*rest, content[0] if isinstance(content, tuple) else content)
        for path, (*rest, content) in snapshot(directory).items()
    }


CHANGING = (
    "write",
    "rename",
    "unlink",
    "mkdir",
    "rmdir",
    "fchmod",
    "fchown",
    "setxattr",
    "utime",
    "ftruncate",
)
_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@contextmanager
def _ending_at(number: int, end: Callable[[], None]) -> Iterator[None]:
    """Within it, `end` is called instead of change `number` (from 1) to the disk, and of each one after it.

    What only looks, syncs or closes leaves the disk as it is: a kill before it is a kill before the next change.
    """
    left = number

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            if real is not opens or arguments[1] & _TO_WRITE:
                left -= 1
                if left <= 0:
                    end()
            return real(*arguments, **named)

        return call

    opens = os.open
    before = {name: getattr(os, name) for name in ("open", *CHANGING)}
    with ExitStack() as stack:
        for name, real in before.items():
            stack.callback(setattr, os, name, real)
            setattr(os, name, counted(real))
        yield


def killed_at(number: int, act: Callable[[], object]) -> bool:
    """Does `act` in a child process that kills itself before its change `number` (from 1) to the disk.

    Whether it was killed; False: it came to its end before.
    """
    pid = os.fork()
    if pid == 0:
        try:
            with _ending_at(number, lambda: os.kill(os.getpid(), signal.SIGKILL)):
                act()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


class _StoppedError(BaseException):
    """Stands for the end of the process: no handler and no `finally` changes anything after it."""


def stopped_at(number: int, act: Callable[[], object]) -> bool:
    """As `killed_at`, but in this process, which is much faster: every change from that one on fails."""

    def stop() -> None:
        raise _StoppedError

    try:
        with _ending_at(number, stop):
            act()
    except _StoppedError:
        return True
    return False


@contextmanager
def failing(name: str, number: int, problem: OSError) -> Iterator[None]:
    """Within it, call `number` (from 1) of that function of `os` fails."""
    real = getattr(os, name)
    left = number

    def call(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise problem
        return real(*arguments, **named)

    setattr(os, name, call)
    try:
        yield
    finally:
        setattr(os, name, real)


def engine(*containers: Contained, swarm: bool = False, **more: object) -> DaemonFacts:
    """What an engine of Docker 26 says of itself."""
    told: dict[str, object] = {
        "version": "26", "root_dir": "/var/lib/docker", "local": True, "live_restore": False, "experimental": False,
        "logging_driver": "json-file", "swarm": swarm, "security": ("name=seccomp,profile=builtin",), "icc": True,
        "containers": containers,
    }  # fmt: skip
    return DaemonFacts(**{**told, **more})  # type: ignore[arg-type]
