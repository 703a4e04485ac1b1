"""Numbers of a twin that are gone when its containers stop: memory, descriptors, bytes in directories."""

from __future__ import annotations

import os
import stat
import time
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from lacre.engine import Container, Engine, kernel
from lacre.observe.model import Mounted, Owner, Peaks, counted
from lacre.sensor import AnyFact, inside

_PROC = Path("/proc")
POLL = 0.1  # seconds between two looks at processes, which tell nobody that they were waited for
REAPING_GRACE = 3.0  # seconds after which a zombie counts as left lying: some masters wait once a second
MOST_PATHS = 20_000  # a bound on the work for an application that writes without end


@dataclass
class Measured:
    """The highest numbers seen so far, by service."""

    sizes: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    mounted: dict[str, dict[str, Mounted]] = field(default_factory=lambda: defaultdict(dict))
    _memory: dict[str, int] = field(default_factory=dict)
    _descriptor_limits: dict[str, int] = field(default_factory=dict)
    _oom_kills: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def look(
        self, engine: Engine, container: Container, written: Iterable[str], mounts: Iterable[str]
    ) -> None:
        """Measure a container now; `written`: paths that its service writes to, `mounts`: where data lies."""
        service = container.service
        peaks = engine.peaks(container.id)
        if peaks.memory is not None:
            self._memory[service] = max(peaks.memory, self._memory.get(service, 0))
        self._oom_kills[service] = max(peaks.oom_kills or 0, self._oom_kills[service])
        state = engine.state(container.id)
        if not state.running or not state.pid:
            return
        limit = descriptor_limit(state.pid)
        if limit is not None:
            self._descriptor_limits[service] = limit
        for target in mounts:
            known = self.mounted[service].get(target, Mounted())
            self.mounted[service][target] = known | mounted_at(state.pid, target)
        for directory, size in sizes_of(state.pid, written).items():
            self.sizes[service][directory] = max(size, self.sizes[service].get(directory, 0))

    def peaks(self, service: str, facts: Iterable[AnyFact]) -> Peaks:
        """Together with what the sensor counted."""
        return replace(
            counted(facts),
            memory=self._memory.get(service),
            oom_kills=self._oom_kills[service],
            descriptor_limit=self._descriptor_limits.get(service),
        )


def sizes_of(pid: int, paths: Iterable[str]) -> dict[str, int]:
    """Bytes of the files among `paths` that are there now, by directory. `pid`: a process of the container.

    Only sizes are read, and nothing is opened: a link that leads out of the container gives a wrong number.
    """
    sizes: dict[str, int] = defaultdict(int)
    for number, path in enumerate(paths):
        if number >= MOST_PATHS:
            break
        try:
            found = os.lstat(f"/proc/{pid}/root{path}")
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(found.st_mode):
            sizes[str(PurePosixPath(path).parent)] += found.st_blocks * 512
    return dict(sizes)


def mounted_at(pid: int, target: str) -> Mounted:
    """Who owns a mounted directory of a container and what lies below it; a file is only itself."""
    path = f"/proc/{pid}/root{target}"
    first_ids = _first_ids(pid)
    below: set[Owner] = set()
    seen = 0
    for place, directories, files in os.walk(path):
        seen += len(directories) + len(files)
        for name in (*directories, *files):
            below |= _owner(f"{place}/{name}", first_ids)
        if seen > MOST_PATHS:
            break
    return Mounted(frozenset(_owner(path, first_ids)), frozenset(below), whole=seen <= MOST_PATHS)


def _first_ids(pid: int) -> tuple[int, int]:
    """The host's numbers of the user 0 and group 0 of a process (user_namespaces(7))."""
    users, groups = (kernel.text(f"/proc/{pid}/{name}").split() for name in ("uid_map", "gid_map"))
    return (int(users[1]), int(groups[1])) if users and groups else (0, 0)


def _owner(path: str, first_ids: tuple[int, int]) -> set[Owner]:
    """One, or none where it is gone. A link lets nobody write, whatever its mode is. Numbers are the container's."""
    try:
        found = os.lstat(path)
    except (OSError, ValueError):
        return set()
    uid, gid = map(inside, (found.st_uid, found.st_gid), first_ids)
    return {Owner(uid, gid, 0 if stat.S_ISLNK(found.st_mode) else found.st_mode & 0o7777)}


def left_lying(pids: Collection[int]) -> frozenset[int]:
    """Zombies of some processes that are still there after a while."""
    lying = zombies_of(pids)
    deadline = time.monotonic() + REAPING_GRACE
    while lying and time.monotonic() < deadline:
        time.sleep(POLL)
        lying &= zombies_of(pids)
    return lying


def zombies_of(pids: Iterable[int]) -> frozenset[int]:
    """Children of some processes that have ended and that nobody waited for, by the host's numbers."""
    found = set()
    for pid in pids:
        for thread in _PROC.glob(f"{pid}/task/*/children"):
            found |= {int(child) for child in kernel.text(thread).split() if _has_ended(child)}
    return frozenset(found)


def _has_ended(pid: str) -> bool:
    """Whether a process is a zombie."""
    return kernel.stat_after_name(pid)[:1] == ["Z"]


def descriptor_limit(pid: int) -> int | None:
    """The hard limit on open files of a process (proc_pid_limits(5)); None when it is gone or unlimited."""
    lines = kernel.text(f"/proc/{pid}/limits").splitlines()
    found = [line.split() for line in lines if line.startswith("Max open files")]
    return int(found[0][4]) if found and found[0][4].isdecimal() else None
