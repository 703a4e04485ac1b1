"""A running container as the kernel has it, seen from the host through one of its processes: what is in force.

Sizes are bytes, CPU in cores. Everything is read from /proc and the control groups, nothing from the
configuration; what cannot be read is None, empty or 0.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lacre.engine import kernel

_PROC = Path("/proc")
_NO_LIMIT = 1 << 60  # version 1 says "no limit" by a number that no machine has (memory.limit_in_bytes)
_MOST_PROCESSES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Mounted:
    """One directory on which something is mounted; of several at one place, the last, which is the one seen."""

    path: str
    filesystem: str
    options: frozenset[str]  # of this mount: ro, noexec, nosuid, nodev, …
    size: int | None  # of a tmpfs with a bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a process may do. `seccomp`: it has a filter; `apparmor`: the profile that is enforced on it."""

    uid: int
    gid: int
    capabilities: int  # effective, as a mask (capabilities(7))
    no_new_privileges: bool
    seccomp: bool
    apparmor: str
    groups: frozenset[int] = frozenset()  # supplementary


@dataclass(frozen=True, slots=True, kw_only=True)
class Limited:
    """The limits in force; None: none."""

    memory: int | None = None
    pids: int | None = None
    cpus: float | None = None
    nofile: int | None = None


def mounts(pid: int) -> tuple[Mounted, ...]:
    """The directories that are mount points in the mount namespace of `pid` (proc_pid_mountinfo(5))."""
    return tuple(mount for mount in mounted(pid) if _is_directory(pid, mount.path))


def mounted(pid: int) -> tuple[Mounted, ...]:
    """All mount points in the mount namespace of `pid`, those that are files too."""
    found: dict[str, Mounted] = {}
    for line in kernel.text(f"/proc/{pid}/mountinfo").splitlines():
        before, _, after = line.partition(" - ")
        fields, rest = before.split(" "), after.split(" ")
        if len(fields) < 6 or len(rest) < 3:
            continue
        path, whole = kernel.unescaped(fields[4]), rest[2].split(",")
        size = _SIZE.search(rest[2]) if rest[0] == "tmpfs" else None
        options = fields[5].split(",")
        found[path] = Mounted(
            path=path,
            filesystem=rest[0],
            options=frozenset((*options, "ro") if "ro" in whole else options),
            size=int(size[1]) << 10 if size else None,
        )
    return tuple(found.values())


_SIZE = re.compile(r"(?:^|,)size=(\d+)k(?:,|$)")


def _is_directory(pid: int, path: str) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISDIR(os.lstat(f"/proc/{pid}/root{path}").st_mode)
    return False


def credentials(pid: int) -> Credentials:
    """Of one process. ProcessLookupError when it is gone."""
    status = _status(pid)
    if not status:
        raise ProcessLookupError(f"process {pid} is gone")
    profile = kernel.text(_PROC / str(pid) / "attr/current").strip().rstrip("\0")
    return Credentials(
        uid=int(status["Uid"].split()[1]),
        gid=int(status["Gid"].split()[1]),
        capabilities=int(status["CapEff"], 16),
        no_new_privileges=status.get("NoNewPrivs") == "1",
        seccomp=status.get("Seccomp") == "2",
        apparmor=profile.removesuffix(" (enforce)") if profile.endswith(" (enforce)") else "",
        groups=frozenset(int(group) for group in status.get("Groups", "").split()),
    )


def limits(pid: int) -> Limited:
    """Of the control groups of `pid`, and the hard limit of its open files."""
    cgroup = kernel.text(f"/proc/{pid}/cgroup")
    return Limited(
        memory=_limit(kernel.group_for(cgroup, "memory"), "memory.limit_in_bytes", "memory.max"),
        pids=_limit(kernel.group_for(cgroup, "pids"), "pids.max", "pids.max"),
        cpus=_cpus(kernel.group_for(cgroup, "cpu")),
        nofile=_open_files(pid),
    )


def cpu_periods(pid: int) -> int | None:
    """In how many periods the kernel has enforced a CPU limit on the group of `pid` so far; None: not told.

    None pass where no limit is set, or nothing runs (Documentation/scheduler/sched-bwc.rst, nr_periods).
    """
    group = kernel.control_group(pid, "cpu")
    return kernel.field(kernel.text(group / "cpu.stat"), "nr_periods") if group else None


def program(pid: int) -> tuple[str, str]:
    """The executable and the working directory of `pid`, as paths of its container; empty when it is gone."""
    found = []
    for name in ("exe", "cwd"):
        try:
            found.append(str((_PROC / str(pid) / name).readlink()))
        except OSError:
            found.append("")
    return found[0], found[1]


def protocols(pid: int) -> frozenset[str]:
    """The names of the protocols that this kernel has registered, as the network namespace of `pid` shows them."""
    lines = kernel.text(_PROC / str(pid) / "net/protocols").splitlines()[1:]
    return frozenset(line.split()[0] for line in lines if line.strip())


def own_process_namespace(pid: int) -> bool:
    """Whether `pid` is in another process namespace than this program."""
    with contextlib.suppress(OSError):
        return (_PROC / str(pid) / "ns/pid").readlink() != (_PROC / "self/ns/pid").readlink()
    return True


def processes(pid: int) -> tuple[tuple[int, int, int], ...]:
    """Of all processes in the process namespace of `pid`: number on the host, number inside, effective uid.

    Where that namespace is the host's, only of those in the control groups of `pid`: the others are no container's.
    """
    namespace, groups, found = _namespace(pid), kernel.control_groups(pid), []
    own = own_process_namespace(pid)
    for entry in os.scandir(_PROC):
        if not entry.name.isdecimal() or _namespace(int(entry.name)) != namespace:
            continue
        if not own and int(entry.name) != pid and groups != (kernel.control_groups(int(entry.name)) or None):
            continue
        status = _status(int(entry.name))
        if status:
            inside = int(status["NSpid"].split()[-1])
            found.append((int(entry.name), inside, int(status["Uid"].split()[1])))
    return tuple(sorted(found, key=lambda one: one[1])[:_MOST_PROCESSES])


def with_capabilities(pid: int, paths: Iterable[str]) -> tuple[str, ...]:
    """Those of the files that carry capabilities of their own (xattr security.capability, capabilities(7))."""
    found = []
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            os.getxattr(f"/proc/{pid}/root{path}", "security.capability", follow_symlinks=False)
            found.append(path)
    return tuple(found)


def _namespace(pid: int) -> str:
    with contextlib.suppress(OSError):
        return str((_PROC / str(pid) / "ns/pid").readlink())
    return ""


def _status(pid: int) -> dict[str, str]:
    pairs = (line.partition(":") for line in kernel.text(_PROC / str(pid) / "status").splitlines())
    return {key: value.strip() for key, _, value in pairs}


def _limit(group: Path | None, old: str, new: str) -> int | None:
    if group is None:
        return None
    number = kernel.number(kernel.text(f"{group}/{old}") or kernel.text(f"{group}/{new}"))
    return number if number is not None and number < _NO_LIMIT else None


def _cpus(group: Path | None) -> float | None:
    if group is None:
        return None
    said = kernel.text(f"{group}/cpu.max").split() or [
        kernel.text(f"{group}/cpu.cfs_quota_us").strip(),
        kernel.text(f"{group}/cpu.cfs_period_us").strip(),
    ]
    if len(said) == 2 and all(word.isdecimal() for word in said) and int(said[1]):
        return int(said[0]) / int(said[1])
    return None


def _open_files(pid: int) -> int | None:
    for line in kernel.text(f"/proc/{pid}/limits").splitlines():
        if line.startswith("Max open files"):
            return kernel.number(line.split()[4])
    return None
