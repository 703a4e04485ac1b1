"""The processes of running containers, all in one pass over /proc, with what is in force on each.

A process belongs to the container whose id stands in the path of its control group (the same on version 1 and 2,
with every cgroup driver). What is not readable is empty; a process that ends meanwhile is left out.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lacre.engine import kernel

_PROC = Path("/proc")
_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_LABEL_BYTES = 4096  # a page: what the kernel gives at most
_WORDS_BYTES = 8 << 10  # of a command line
_MOST = 4096  # processes of one container; with the line above the bound on what an enemy can make this hold
_ENFORCED = " (enforce)"
_YOUNG = 10.0  # seconds that a runtime may take to become the program
_TICKS = os.sysconf("SC_CLK_TCK")
NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process: numbers on the host and inside. `uid` and `gid` are effective, as the host counts them; `uid` is 0
    also where its real or saved one is, as it then becomes root when it likes (credentials(7)).

    `capabilities` are those in force and those that it may put in force, `bounding` those that it can get by a set-uid
    program (masks, capabilities(7)). `apparmor` is the profile enforced, empty: none; `selinux` the context, empty
    where it is off; both None where this process may not read them. `words` is its command line, which may hold
    secrets. `host_users`: it is in this process's own user namespace.
    """

    pid: int
    inside: int
    parent: int
    name: str
    program: str
    words: tuple[str, ...]
    uid: int
    gid: int
    capabilities: int
    bounding: int
    no_new_privileges: bool
    seccomp: bool
    apparmor: str | None
    selinux: str | None
    host_users: bool


def census(containers: Mapping[str, int]) -> dict[str, tuple[Process, ...]]:
    """The processes of each of `containers` (full id to the number of its first process), the first one first.

    One whose first process is not seen from here is not in it. Of very many processes some thousand are looked at.
    """
    found: dict[str, list[Process]] = {}
    own_users = namespace("self", "user")
    for entry in os.scandir(_PROC) if containers else ():
        if entry.name.isdecimal():
            # A container in a container has both ids in its path: the outer one is the engine's.
            group = kernel.text(f"/proc/{entry.name}/cgroup")
            owner = next((id for id in _ID.findall(group) if id in containers), None)
            if owner is None or (len(found.get(owner, ())) >= _MOST and entry.name != str(containers[owner])):
                continue
            if (process := _process(entry.name, own_users)) is not None:
                found.setdefault(owner, []).append(process)
    return {
        id: tuple(sorted(some, key=lambda process: (process.pid != containers[id], process.inside)))
        for id, some in found.items()
        if any(process.pid == containers[id] for process in some)
    }


def namespace(pid: int | str, kind: str) -> str:
    """The namespace of a process, as `net:[4026531840]`; empty where it cannot be read."""
    try:
        return os.readlink(f"/proc/{pid}/ns/{kind}")  # noqa: PTH115 - seven of each container
    except OSError:
        return ""


def namespaces(pid: int | str) -> dict[str, str]:
    """All namespaces of a process, by kind; see `namespace`."""
    return {kind: namespace(pid, kind) for kind in NAMESPACES}


def shared(there: Mapping[str, str], here: Mapping[str, str]) -> frozenset[str] | None:
    """The kinds of namespaces that two processes share; None where the first one's cannot be read."""
    if not all(there.values()):
        return None
    return frozenset(kind for kind, found in there.items() if found == here[kind])


def _process(pid: str, own_users: str) -> Process | None:
    directory = f"/proc/{pid}"
    lines = kernel.text(f"{directory}/status").splitlines()
    status = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    if "CapEff" not in status or status.get("State", "").startswith("Z") or _starting(pid, status["Name"]):
        return None
    label = _label(f"{directory}/attr/current")
    try:
        program = os.readlink(f"{directory}/exe")  # noqa: PTH115 - as above
    except OSError:
        program = ""
    return Process(
        pid=int(pid),
        inside=int(status.get("NSpid", pid).split()[-1]),
        parent=int(status["PPid"]),
        name=status["Name"],
        program=program,
        words=_words(f"{directory}/cmdline"),
        uid=_user(status["Uid"]),
        gid=int(status["Gid"].split()[1]),
        capabilities=int(status["CapEff"], 16) | int(status.get("CapPrm", "0"), 16),
        bounding=int(status["CapBnd"], 16),
        no_new_privileges=status.get("NoNewPrivs") == "1",
        seccomp=status.get("Seccomp") == "2",
        apparmor=label and (label.removesuffix(_ENFORCED) if label.endswith(_ENFORCED) else ""),
        selinux=label and (label if label.count(":") >= 3 else ""),
        host_users=namespace(pid, "user") == own_users,
    )


def _user(said: str) -> int:
    real, effective, saved, *_ = map(int, said.split())
    return 0 if 0 in (real, saved) else effective


def _starting(pid: str, name: str) -> bool:
    """Whether it is still the runtime, which puts everything in force and then becomes the container's program.

    Any process may call itself so: only a young one is believed.
    """
    if not name.startswith("runc:["):
        return False
    started = kernel.started_at(int(pid))
    if not started:
        return True
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(started) / _TICKS < _YOUNG


def _label(path: str) -> str | None:
    """What the security module says of a process; empty where there is none, None where that may not be read."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            return file.read(_LABEL_BYTES).decode("utf-8", "surrogateescape").strip().rstrip("\0")
    except PermissionError:
        return None
    except OSError:
        return ""  # EINVAL: no such module


def _words(path: str) -> tuple[str, ...]:
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - as above
            data = file.read(_WORDS_BYTES)
    except OSError:
        return ()
    return tuple(word.decode("utf-8", "surrogateescape") for word in data.rstrip(b"\0").split(b"\0"))
