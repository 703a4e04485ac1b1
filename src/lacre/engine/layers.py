"""The files of all layers of an image, from the stream of `docker save`: what a later layer removed is still in it.

Names come from an image and are hostile: they are only compared, never opened here.
"""

from __future__ import annotations

import io
import itertools
import posixpath
import tarfile
from collections.abc import Callable, Iterator
from typing import IO, cast

from lacre.engine.tree import BROKEN_TAR, MAX_ENTRIES, ChunkReader
from lacre.errors import EngineError

_MOST_BYTES = 64 << 30  # of all files together, as their headers say: a small layer unpacks to anything
_ZSTD = b"\x28\xb5\x2f\xfd"  # RFC 8878; containerd's store keeps layers as they were pushed
_TRIED = "reading the layers of an image"


def files_in_layers(
    chunks: Iterator[bytes], wanted: Callable[[str], bool], *, most: int = MAX_ENTRIES
) -> frozenset[str]:
    """The paths of regular files with something in them that any layer has and that are `wanted`.

    Raises EngineError when there is more than `most` of everything, or when the stream or a layer in it is broken.
    """
    found: set[str] = set()
    entries = size = 0
    reader = io.BufferedReader(ChunkReader(chunks), 1 << 20)
    try:
        with tarfile.open(fileobj=cast(IO[bytes], reader), mode="r|") as archive:
            for blob in archive:
                archive.members = []  # type: ignore[attr-defined]  # tarfile would keep them all
                layer = archive.extractfile(blob) if blob.isreg() else None
                for member in _members(layer) if layer is not None else ():
                    entries, size = entries + 1, size + member.size
                    if entries > most or size > _MOST_BYTES:
                        raise EngineError(
                            _TRIED, "it has more in them than can be read", "use a smaller image"
                        )
                    path = posixpath.normpath("/" + member.name.lstrip("/"))
                    if member.isreg() and member.size and wanted(path):
                        found.add(path)
    except BROKEN_TAR as problem:
        raise EngineError(
            _TRIED, f"the engine's answer is broken, or breaks off: {problem}", "try again"
        ) from problem
    return frozenset(found)


def _members(layer: IO[bytes]) -> Iterator[tarfile.TarInfo]:
    """The files of one layer; nothing of what is none, as the manifests. EngineError where it cannot be unpacked."""
    head = layer.read(len(_ZSTD))
    if head == _ZSTD:
        raise EngineError(
            _TRIED, "one is packed with zstd, which cannot be unpacked here", "look at it elsewhere"
        )
    whole = itertools.chain((head,), iter(lambda: layer.read(1 << 16), b""))
    reader = cast(IO[bytes], io.BufferedReader(ChunkReader(whole)))
    try:
        tar = tarfile.open(fileobj=reader, mode="r|*", encoding="utf-8", errors="surrogateescape")  # noqa: SIM115
    except (tarfile.ReadError, EOFError):
        return
    with tar:
        for member in tar:
            tar.members = []  # type: ignore[attr-defined]
            yield member
