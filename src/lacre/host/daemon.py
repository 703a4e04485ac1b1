"""Which process is the engine, and which program may be run as it: a name proves nothing, anybody can take it."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from lacre.host.files import Root
from lacre.host.processes import Process

_PID_FILE = "/run/docker.pid"
_PROGRAMS = ("/usr/bin/dockerd", "/usr/sbin/dockerd")
_MOST_LINKS = 40  # as many as the kernel follows, path_resolution(7)


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
    """Whether a file, and every directory on the way to it, is that of who owns the root directory, and nobody else's
    to write.

    Whoever may write one of them could have put another program there.
    """
    try:
        states = [place.stat() for place in _way(root, path)]
    except OSError:
        return False
    return stat.S_ISREG(states[-1].st_mode) and all(
        one.st_uid == states[0].st_uid and not one.st_mode & (stat.S_IWGRP | stat.S_IWOTH) for one in states
    )


def replaceable(root: Root, path: str) -> str:
    """The first directory on the way to a file in which others than root may put another in its place; empty: none.

    In a sticky one only owners take away what is there (inode(7)). An access list that lets somebody write shows in
    the group's bits (acl(5)). Raises OSError.
    """
    *way, _ = _way(root, path)
    owner = way[0].stat().st_uid
    for place in way:
        seen = place.stat()
        wide = seen.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not seen.st_mode & stat.S_ISVTX
        if seen.st_uid != owner or wide:
            return f"/{place.relative_to(way[0])}" if place != way[0] else "/"
    return ""


def _way(root: Root, path: str) -> list[Path]:
    """Every directory that is gone through from the root to a file, those of links too, and at last the file.

    Links are followed inside the root. Raises OSError (ELOOP) when they go round.
    """
    here = top = Path(root.name("/"))
    way, links, left = {top: None}, 0, _words(path)
    while left:
        way[here] = None
        word = left.pop()
        if word == "..":
            here = here.parent if here != top else top
            continue
        try:
            target = str((here / word).readlink())
        except OSError:
            here /= word
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
        here = top if target.startswith("/") else here
        left += _words(target)
    return [*way, here]


def _words(path: str) -> list[str]:
    return [word for word in reversed(path.split("/")) if word not in ("", ".")]


def root_of(root: Root, pid: int) -> Root:
    """The files as an engine has them: it may live in a mount namespace of its own. `pid` 0: those of the host."""
    own = root.at(f"/proc/{pid}/root")
    return Root(own) if pid and os.access(own / "etc", os.R_OK) else root
