"""What the kernel of this host tells about a process of a container: signals, control groups, identity."""

from __future__ import annotations

import contextlib
import functools
import os
import platform
import signal
import socket
import struct
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PIECE_BYTES = 1 << 16
_CONNECT_SECONDS = 5.0  # to a socket of this host, which answers at once or never


@dataclass(frozen=True, slots=True)
class Peaks:
    """Highest memory use in bytes, and the number of processes killed for want of it; None: not told."""

    memory: int | None
    oom_kills: int | None


def machine() -> str:
    """This machine, the same after a reboot: machine-id(5), else its name."""
    return text(Path("/etc/machine-id")).strip() or platform.node().replace("/", "-")


def boot_id() -> str:
    """This boot of this kernel; empty where it cannot be read."""
    return text(_PROC / "sys/kernel/random/boot_id").strip()


def started_at(pid: int) -> str:
    """When `pid` started, in clock ticks since the boot (field 22 of its stat); empty when it is gone."""
    after_name = stat_after_name(pid)
    return after_name[19] if len(after_name) > 19 else ""


def stat_after_name(pid: int | str) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when it is gone.

    The name before them stands in brackets and may hold any character (proc_pid_stat(5)).
    """
    return text(f"/proc/{pid}/stat").rpartition(")")[2].split()


def pid_namespace() -> str:
    """The process id namespace that this process is in: a pid means something only there."""
    with contextlib.suppress(OSError):
        return str((_PROC / "self/ns/pid").readlink())
    return ""


def root_of_listener(path: str) -> str:
    """The root directory, in /proc, of the process that listens on a Unix socket; empty where it cannot be told."""
    pid = listener(path)
    return str(_PROC / str(pid) / "root") if pid else ""


def listener(path: str) -> int:
    """The process that listens on a Unix socket, or that opened it for another, as systemd does; 0: not to be told."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_CONNECT_SECONDS)
        connection.connect(path)
        said = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return int(struct.unpack("3i", said)[0])  # 0: of a process that is not in this pid namespace
    return 0


def unprivileged_port_start() -> int:
    """The lowest port that needs no capability in the host's network namespace."""
    with contextlib.suppress(ValueError):
        return int(text(_PROC / "sys/net/ipv4/ip_unprivileged_port_start"))
    return 1024


def caught_signals(pid: int) -> frozenset[str]:
    """The signals that `pid` has a handler for or waits for, without SIG ("HUP"); empty when it is gone.

    Who takes a signal by sigwait(3) or signalfd(2) blocks it, and has no handler.
    """
    mask = 0
    for line in text(_PROC / str(pid) / "status").splitlines():
        if line.startswith(("SigCgt:", "SigBlk:")):
            mask |= int(line.split()[1], 16)
    return frozenset(
        number.name.removeprefix("SIG") for number in signal.Signals if mask & (1 << (number.value - 1))
    )


def children(pid: int) -> tuple[int, ...]:
    """The processes that the main thread of `pid` made and that still run."""
    return tuple(int(word) for word in text(_PROC / f"{pid}/task/{pid}/children").split())


def peaks(pid: int) -> Peaks:
    """Of the control group of `pid`, under version 1 or 2, whichever carries the memory controller."""
    group = control_group(pid, "memory")
    if group is None:
        return Peaks(None, None)
    if (group / "memory.oom_control").exists():
        return Peaks(
            number(text(group / "memory.max_usage_in_bytes")),
            field(text(group / "memory.oom_control"), "oom_kill"),
        )
    peak = number(text(group / "memory.peak"))  # since Linux 5.19
    return Peaks(
        peak if peak is not None else number(text(group / "memory.current")),
        field(text(group / "memory.events"), "oom_kill"),
    )


def control_group(pid: int, controller: str) -> Path | None:
    """The directory of the control group of `pid` for a controller, under version 1 or 2; None: not mounted."""
    return group_for(text(f"/proc/{pid}/cgroup"), controller)


def group_for(cgroup: str, controller: str) -> Path | None:
    """Likewise, from what /proc/PID/cgroup says (cgroups(7))."""
    groups = _control_groups(cgroup, (controller, ""))  # the empty name is version 2
    return groups.get(controller, groups.get(""))


def control_groups(pid: int) -> tuple[Path, ...]:
    """The directories of all control groups of `pid`, each hierarchy once."""
    return tuple(dict.fromkeys(_control_groups(text(f"/proc/{pid}/cgroup")).values()))


def _control_groups(cgroup: str, wanted: Collection[str] | None = None) -> dict[str, Path]:
    mounts, found = _cgroup_mounts(), {}
    for line in cgroup.splitlines():
        _, controllers, path = line.split(":", 2)
        for name in controllers.split(","):
            if name in mounts and (wanted is None or name in wanted):
                found[name] = _below(mounts[name], path)
    return found


def mounts_below(directory: str) -> tuple[str, ...]:
    """Where other file systems are mounted below `directory` (itself left out), as this process sees it."""
    prefix = directory.rstrip("/") + "/"
    found = []
    for line in text(_PROC / "self/mountinfo").splitlines():
        target = unescaped(line.split(" ")[4])
        if target.startswith(prefix) and target != directory:
            found.append(target)
    return tuple(found)


def _cgroup_mounts() -> dict[str, tuple[str, str]]:
    """Controller (empty for version 2) to mount point and the root of the hierarchy that is mounted there."""
    namespace = ""
    with contextlib.suppress(OSError):
        namespace = os.readlink(f"{_PROC}/self/ns/mnt")  # noqa: PTH115 - three times for each container
    return _cgroup_mounts_of(_PROC, namespace)


@functools.lru_cache(maxsize=1)
def _cgroup_mounts_of(proc: Path, _namespace: str) -> dict[str, tuple[str, str]]:
    """Read once: beside a hundred containers the list of mounts is long, and these are made when a machine starts."""
    found: dict[str, tuple[str, str]] = {}
    for line in text(proc / "self/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, kind = before.split(" "), after.split(" ")
        if kind[0] == "cgroup2":
            found.setdefault("", (unescaped(fields[4]), unescaped(fields[3])))
        elif kind[0] == "cgroup" and len(kind) > 2:
            for option in kind[2].split(","):
                found.setdefault(option, (unescaped(fields[4]), unescaped(fields[3])))
    return found


def _below(mount: tuple[str, str], group: str) -> Path:
    point, root = mount
    if root != "/" and group.startswith(root):
        group = group[len(root) :]
    return Path(point) / group.lstrip("/")


def unescaped(path: str) -> str:
    """A path as mountinfo writes it, with blanks and the like made plain (proc_pid_mountinfo(5))."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        path = path.replace(code, character)
    return path


def number(said: str) -> int | None:
    """The decimal number that a file of the kernel holds; None where it says something else, as "max"."""
    said = said.strip()
    return int(said) if said.isdecimal() else None


def field(said: str, name: str) -> int | None:
    """One number out of lines of `name number`."""
    for line in said.splitlines():
        key, _, value = line.partition(" ")
        if key == name:
            return number(value)
    return None


def text(path: Path | str) -> str:
    """What a file of the kernel says; empty where it cannot be read."""
    data = read(path)
    return "" if data is None else data.decode("utf-8", "surrogateescape")


def read(path: Path | str) -> bytes | None:
    """The bytes of a file of the kernel; None where it cannot be read.

    By the system calls themselves: in one audit there are thousands, and Python's own files take twice the time.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        pieces = []
        while piece := os.read(descriptor, _PIECE_BYTES):
            pieces.append(piece)
        return b"".join(pieces)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def send(pid: int, name: str, still: object) -> bool:
    """Sends signal `name` to `pid` from the host; False when it is gone.

    `still()` is asked once the process is held by a descriptor, so that a number that was used again in
    between is never hit.
    """
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return False
    try:
        if callable(still) and not still():
            return False
        signal.pidfd_send_signal(handle, signal.Signals["SIG" + name.removeprefix("SIG")])
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)
    return True
