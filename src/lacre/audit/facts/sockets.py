"""Whether a path of the host is, or holds, the socket of an engine, under whatever name: told by the inode."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Mapping

_MANY = 1000  # entries of one mounted directory


def held(sources: Iterable[str], sockets: Mapping[str, str]) -> dict[str, str]:
    """Of each source that is, or holds, one of `sockets` (path to what it is): which, in words.

    Under another name it is found right inside a source alone. A hard link and a bind mount of a socket have its
    inode, and so has what a link leads to that is itself mounted.
    """
    known: dict[tuple[int, int], str] = {}
    there: dict[str, str] = {}
    for path, what in sockets.items():
        with contextlib.suppress(OSError):
            seen = os.stat(path)  # noqa: PTH116 - beside scandir
            if stat.S_ISSOCK(seen.st_mode):
                known.setdefault((seen.st_dev, seen.st_ino), what)
                there[os.path.realpath(path)] = what
    found: dict[str, str] = {}
    for source in sources if known else ():
        with contextlib.suppress(OSError):
            folder = os.path.realpath(source).rstrip("/") + "/"
            below = (what for path, what in there.items() if path.startswith(folder))
            what = _at(source, known) or next(below, "")
            if what:
                found[source] = what
    return found


def _at(source: str, known: Mapping[tuple[int, int], str]) -> str:
    seen = os.stat(source)  # noqa: PTH116 - beside scandir
    if not stat.S_ISDIR(seen.st_mode):
        return known.get((seen.st_dev, seen.st_ino), "")
    with os.scandir(source) as entries:
        for number, entry in enumerate(entries):
            if number >= _MANY:
                break
            # A link in it leads to what the container has there, not to what the host has.
            if entry.is_dir(follow_symlinks=False) or entry.is_symlink():
                continue
            with contextlib.suppress(OSError):
                inner = entry.stat(follow_symlinks=False)
                what = known.get((inner.st_dev, inner.st_ino))
                if what:
                    return f"{what} as {entry.name}"
    return ""
