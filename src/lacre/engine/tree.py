"""The file system of an image, from the tar stream of a container that was created and never started.

Names come from an image and are hostile: they are only ever keys of a dictionary, never opened here.
"""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Iterator
from typing import IO, Literal, cast

from lacre.engine.project import Entry
from lacre.errors import EngineError

MAX_ENTRIES = 2_000_000  # a large image has 200,000 files; each costs about 500 bytes here

# What tarfile raises for a stream that is none: its own errors, and those of hostile PAX headers, whose numbers it
# takes as they are and whose chain it follows by calling itself.
BROKEN_TAR = (tarfile.TarError, EOFError, ValueError, RecursionError)

# What the engine itself puts into every container's root (moby, daemon/initlayer/setup_unix.go).
_PLACEHOLDER_FILES = {"/.dockerenv", "/dev/console", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
_PLACEHOLDER_DIRECTORIES = {"/dev/pts", "/dev/shm", "/proc", "/sys"}  # noqa: S108

_KINDS: dict[bytes, Literal["file", "directory", "link", "device", "fifo"]] = {
    tarfile.REGTYPE: "file",
    tarfile.AREGTYPE: "file",
    tarfile.CONTTYPE: "file",
    tarfile.GNUTYPE_SPARSE: "file",
    tarfile.DIRTYPE: "directory",
    tarfile.SYMTYPE: "link",
    tarfile.CHRTYPE: "device",
    tarfile.BLKTYPE: "device",
    tarfile.FIFOTYPE: "fifo",
}


class ChunkReader(io.RawIOBase):
    """A readable file over an iterator of byte chunks, as the engine's answers come."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def readable(self) -> bool:
        """Always: that is what it is for."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fills `buffer` with what is at hand; 0 at the end."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = chunk
        view = memoryview(buffer)  # type: ignore[arg-type]
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def read_tree(chunks: Iterator[bytes], *, most: int = MAX_ENTRIES) -> dict[str, Entry]:
    """All entries by absolute path, without what the engine adds to each container.

    Raises EngineError when there are more than `most` of them, or when the stream breaks off.
    """
    tree: dict[str, Entry] = {}
    reader = io.BufferedReader(ChunkReader(chunks), 1 << 20)
    try:
        with tarfile.open(
            fileobj=cast(IO[bytes], reader), mode="r|", encoding="utf-8", errors="surrogateescape"
        ) as tar:
            for member in tar:
                tar.members = []  # type: ignore[attr-defined]  # tarfile would keep them all
                path = posixpath.normpath("/" + member.name.lstrip("/"))
                entry = _entry(member, tree)
                if entry is None or _placeholder(path, entry):
                    continue
                if len(tree) >= most:
                    raise EngineError(
                        "reading the files of an image",
                        f"it has more than {most} of them",
                        "use a smaller image",
                    )
                tree[path] = entry
    except BROKEN_TAR as problem:
        raise EngineError(
            "reading the files of an image",
            f"the engine's answer is broken, or breaks off: {problem}",
            "try again",
        ) from problem
    return tree


def _entry(member: tarfile.TarInfo, tree: dict[str, Entry]) -> Entry | None:
    if member.type == tarfile.LNKTYPE:  # a second name of a file that came before
        return tree.get(posixpath.normpath("/" + member.linkname.lstrip("/")))
    kind = _KINDS.get(member.type)
    if kind is None:
        return None
    return Entry(
        kind=kind,
        mode=member.mode & 0o7777,
        uid=member.uid,
        gid=member.gid,
        size=member.size if kind == "file" else 0,
        link=member.linkname if kind == "link" else "",
    )


def _placeholder(path: str, entry: Entry) -> bool:
    return (
        (path in _PLACEHOLDER_FILES and entry.kind in ("file", "device"))
        or (path in _PLACEHOLDER_DIRECTORIES and entry.kind == "directory")
        or (path == "/etc/mtab" and entry.link == "/proc/mounts")
    )
