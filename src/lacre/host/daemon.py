"""Which process is the engine, and which program may be run as it: a name proves nothing, anybody can take it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from lacre.host.files import Root
from lacre.host.processes import Process

_PID_FILE = "/run/docker.pid"
_PROGRAMS = ("/usr/bin/dockerd", "/usr/sbin/dockerd")


def engines(running: Iterable[Process], uid: int = 0) -> tuple[Process, ...]:
    """The engines that `uid` started on this host itself, in no container.

    Everybody may call a process dockerd, and start a set-user-id program by a link of that name: it acts as root,
    and its command line is his. So both users must be `uid`, and the file must bear the name and lend nobody's.
    """
    return tuple(
        one
        for one in running
        if one.name == "dockerd"
        and not one.container
        and one.uid == one.effective == uid
        and PurePosixPath(one.program).name == "dockerd"
        and not one.set_user_id
    )


def hosts_own(root: Root, running: Iterable[Process]) -> Process | None:
    """The host's own engine: the one of its pid file, else one in the first network namespace."""
    found = engines(running)
    named = (root.text(_PID_FILE) or "").strip()
    for process in found:
        if str(process.pid) == named:
            return process
    here = root.link("/proc/1/ns/net")
    return next((one for one in found if not here or one.network_namespace == here), None)


def runnable(root: Root, running: Process | None) -> str:
    """The engine's program, that of `running` first, which root may run; empty: there is none."""
    paths = (*((running.program,) if running else ()), *_PROGRAMS)
    return next((path for path in paths if path and only_roots(root, path)), "")


def installed(root: Root) -> bool:
    """Whether the engine's program is in one of its usual places."""
    return any(root.there(path) for path in _PROGRAMS)


def only_roots(root: Root, path: str) -> bool:
    """Whether a file, and every directory above it, is that of who owns the root directory, and nobody else's to write.

    Whoever may write one of them could have put another program there.
    """
    top = Path(os.path.realpath(root.name("/")))
    real = Path(os.path.realpath(root.name(path)))
    if not real.is_relative_to(top):
        return False
    try:
        owner = top.stat().st_uid
        states = [place.lstat() for place in (real, *real.parents) if place.is_relative_to(top)]
    except OSError:
        return False
    return stat.S_ISREG(states[0].st_mode) and all(
        one.st_uid == owner and not one.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for one in states
    )


def root_of(root: Root, pid: int) -> Root:
    """The files as an engine has them: it may live in a mount namespace of its own. `pid` 0: those of the host."""
    own = root.at(f"/proc/{pid}/root")
    return Root(own) if pid and os.access(own / "etc", os.R_OK) else root
