"""The files of each layer of images, from the stream of `docker save`: what a later layer removed is still in it.

Names come from an image and are hostile: they are only compared, never opened here. Nor is believed what the stream
calls its layers: one is told by the digest of what it unpacks to, which is how an image names it (RootFS).
"""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, cast

from lacre.engine.tree import BROKEN_TAR, MAX_ENTRIES, ChunkReader
from lacre.errors import EngineError

_MOST_BYTES = 64 << 30  # of all layers together, unpacked: a small one unpacks to anything
_GZIP = b"\x1f\x8b"  # RFC 1952; containerd's store keeps layers as they were pushed, which may be zstd too
_PIECE_BYTES = 1 << 16
_TRIED = "reading the layers of images"


def files_by_layer(
    chunks: Iterator[bytes], wanted: Callable[[str], bool], *, most: int = MAX_ENTRIES
) -> Iterator[tuple[str, frozenset[str]]]:
    """Each layer's digest (`sha256:…`), with the paths of those of its files that are `wanted`, not empty.

    One that is broken, or packed as cannot be unpacked here, is left out. Raises EngineError when there is more than
    `most` of everything, or when the stream is broken.
    """
    bound = _Bound(most)
    reader = io.BufferedReader(ChunkReader(chunks), 1 << 20)
    try:
        with tarfile.open(fileobj=cast(IO[bytes], reader), mode="r|") as archive:
            for blob in archive:
                archive.members = []  # type: ignore[attr-defined]  # tarfile would keep them all
                packed = archive.extractfile(blob) if blob.isreg() else None
                layer = _layer(packed, wanted, bound) if packed is not None else None
                if layer is not None:
                    yield layer
    except BROKEN_TAR as problem:
        raise EngineError(
            _TRIED, f"the engine's answer is broken, or breaks off: {problem}", "try again"
        ) from problem


def _layer(
    packed: IO[bytes], wanted: Callable[[str], bool], bound: _Bound
) -> tuple[str, frozenset[str]] | None:
    """One layer; None of what is none, as the manifests, and of one that cannot be unpacked."""
    unpacked = _Unpacked(packed, bound)
    found: set[str] = set()
    try:
        with tarfile.open(
            fileobj=cast(IO[bytes], unpacked), mode="r|", encoding="utf-8", errors="surrogateescape"
        ) as tar:
            for member in tar:
                tar.members = []  # type: ignore[attr-defined]
                bound.take(entries=1)
                path = posixpath.normpath("/" + member.name.lstrip("/"))
                if member.isreg() and member.size and wanted(path):
                    found.add(path)
        while unpacked.read(_PIECE_BYTES):
            pass  # what stands behind the last file is part of the digest
    except (*BROKEN_TAR, gzip.BadGzipFile, zlib.error):
        return None
    return unpacked.digest(), frozenset(found)


class _Bound:
    """How much may be read of one stream."""

    def __init__(self, entries: int) -> None:
        self._entries, self._bytes = entries, _MOST_BYTES

    def take(self, *, entries: int = 0, bytes: int = 0) -> None:
        """Counts; EngineError when it is too much."""
        self._entries -= entries
        self._bytes -= bytes
        if self._entries < 0 or self._bytes < 0:
            raise EngineError(_TRIED, "there is more in them than can be read", "use smaller images")


class _Unpacked:
    """A layer as it unpacks, read from its beginning to its end, and the digest of what was read."""

    def __init__(self, packed: IO[bytes], bound: _Bound) -> None:
        head = packed.read(len(_GZIP))
        whole = itertools.chain((head,), iter(lambda: packed.read(_PIECE_BYTES), b""))
        reader = io.BufferedReader(ChunkReader(whole), _PIECE_BYTES)
        self._file = gzip.GzipFile(fileobj=reader) if head == _GZIP else reader
        self._bound = bound
        self._sum = hashlib.sha256()

    def read(self, size: int) -> bytes:
        """The next bytes; none at the end."""
        data = self._file.read(size)
        self._bound.take(bytes=len(data))
        self._sum.update(data)
        return data

    def digest(self) -> str:
        """Of all that was read."""
        return f"sha256:{self._sum.hexdigest()}"
