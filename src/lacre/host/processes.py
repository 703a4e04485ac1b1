"""Processes of this host as /proc shows them: who they are, and what of the kernel they use."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from lacre.host.files import Root

_CONTAINER = re.compile(r"(?<![0-9a-f])([0-9a-f]{64})(?![0-9a-f])")
_MOST_DESCRIPTORS = 4096  # looked at in one process
_ANONYMOUS = {  # what /proc/PID/fd calls them: fs/anon_inodes.c and its callers
    "anon_inode:bpf-prog": "bpf",
    "anon_inode:bpf-map": "bpf",
    "anon_inode:bpf_link": "bpf",
    "anon_inode:bpf-link": "bpf",
    "anon_inode:[io_uring]": "io_uring",
    "anon_inode:[userfaultfd]": "userfaultfd",
    "/dev/userfaultfd": "userfaultfd",
    "anon_inode:[perf_event]": "perf",
}
_WANTED = re.compile(r"^(Name|Pid|PPid|Uid|CapEff|TracerPid|Threads|NoNewPrivs):(.*)$", re.MULTILINE)
_JSON_LOG = re.compile(r"/containers/[0-9a-f]{64}/[0-9a-f]{64}-json\.log")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process. `container` is its container's full id, empty on the host; `tracer` is 0, or who traces it.

    `uid` is the real user, `effective` the one that it acts as. `uses`: bpf, io_uring, userfaultfd, perf, log
    files. `user_namespace` is empty where it cannot be read. `command` is the command line, only of the
    engine's own programs: others' may hold secrets. Of these too: `program`, the file that it runs, and whether
    that file makes everybody who starts it another user (`set_user_id`; so where it cannot be told).
    """

    pid: int
    parent: int
    name: str
    uid: int
    effective: int
    capabilities: int
    tracer: int = 0
    container: str = ""
    user_namespace: str = ""
    network_namespace: str = ""
    uses: frozenset[str] = frozenset()
    descriptors: int = 0
    threads: int = 1
    no_new_privileges: bool = False
    command: tuple[str, ...] = ()
    program: str = ""
    set_user_id: bool = False

    def may(self, *capabilities: int) -> bool:
        """Whether one of `capabilities` (their numbers) is in its effective set."""
        return any(self.capabilities >> number & 1 for number in capabilities)


COMMANDS = frozenset({"dockerd", "docker-proxy", "rootlesskit"})


def read(root: Root) -> tuple[Process, ...]:
    """All processes but the kernel's own threads; one that ends meanwhile is left out."""
    return tuple(_all(root))


def _all(root: Root) -> Iterator[Process]:
    for name in root.names("/proc"):
        if name.isdecimal() and (found := _one(root, int(name))) is not None:
            yield found


def _one(root: Root, pid: int) -> Process | None:
    directory = f"/proc/{pid}"
    status = _fields(root.text(f"{directory}/status") or "")
    program = root.link(f"{directory}/exe")
    if "Pid" not in status or not program:
        return None  # gone, or a thread of the kernel
    found = _CONTAINER.search(root.text(f"{directory}/cgroup") or "")
    uses, descriptors = _descriptors(root, directory)
    name = status.get("Name", "")
    uids = [_number(word) for word in status.get("Uid", "").split()[:2]]
    if len(uids) < 2:
        return None
    known = name in COMMANDS
    command = root.data(f"{directory}/cmdline") or b"" if known else b""
    return Process(
        pid=pid,
        parent=_number(status.get("PPid")),
        name=name,
        uid=uids[0],
        effective=uids[1],
        capabilities=int(status.get("CapEff") or "0", 16),
        tracer=_number(status.get("TracerPid")),
        container=found[1] if found else "",
        user_namespace=root.link(f"{directory}/ns/user"),
        network_namespace=root.link(f"{directory}/ns/net"),
        uses=uses,
        descriptors=descriptors,
        threads=_number(status.get("Threads")) or 1,
        no_new_privileges=status.get("NoNewPrivs") == "1",
        command=tuple(word.decode("utf-8", "surrogateescape") for word in command.split(b"\0") if word),
        program=program.removesuffix(" (deleted)") if known else "",
        set_user_id=known and _set_user_id(root, f"{directory}/exe"),
    )


def _set_user_id(root: Root, program: str) -> bool:
    try:
        return bool(root.status(program).st_mode & stat.S_ISUID)
    except OSError:
        return True


def _descriptors(root: Root, directory: str) -> tuple[frozenset[str], int]:
    uses, number = set(), 0
    with contextlib.suppress(OSError), os.scandir(root.name(f"{directory}/fd")) as entries:
        for entry in entries:
            number += 1
            if number > _MOST_DESCRIPTORS:
                continue
            try:
                target = os.readlink(entry.path)  # noqa: PTH115 - thousands of them
            except OSError:
                continue
            if target in _ANONYMOUS:
                uses.add(_ANONYMOUS[target])
            elif _JSON_LOG.search(target):
                uses.add("log files")
    return frozenset(uses), number


def _fields(text: str) -> dict[str, str]:
    return {key: value.strip() for key, value in _WANTED.findall(text)}


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
