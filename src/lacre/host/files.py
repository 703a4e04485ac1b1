"""The file system below one root directory: `/` on a host, a made-up tree in tests. All reads are bounded."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MOST = 1 << 20
"""Bytes of a configuration or kernel file; a larger one is not what it seems, and is read no further."""


def parent(path: str) -> str:
    """The directory of a path."""
    return str(PurePosixPath(path).parent)


class Root:
    """A tree of files. Paths are absolute texts as the host has them, whatever the tree is."""

    def __init__(self, directory: Path = Path("/")) -> None:
        self.directory = directory

    def at(self, path: str) -> Path:
        """Where `path` really is."""
        return self.directory / path.lstrip("/")

    def resolved(self, path: str) -> str:
        """`path` with its last links followed, inside this root; raises OSError (ELOOP) when they go round."""
        for _ in range(40):
            try:
                target = str(self.at(path).readlink())
            except OSError:
                return path
            path = os.path.normpath(f"{parent(path)}/{target}" if target[0] != "/" else target)
        raise OSError(40, os.strerror(40), path)

    def data(self, path: str) -> bytes | None:
        """What a file holds, at most a megabyte; None where it cannot be read."""
        try:
            with self.at(self.resolved(path)).open("rb") as file:
                return file.read(MOST)
        except OSError:
            return None

    def text(self, path: str) -> str | None:
        """Likewise, as text; bytes that are no UTF-8 are kept as surrogates."""
        data = self.data(path)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def names(self, path: str) -> tuple[str, ...]:
        """What a directory holds, sorted; nothing where it is not there."""
        try:
            return tuple(sorted(entry.name for entry in self.at(path).iterdir()))
        except OSError:
            return ()

    def link(self, path: str) -> str:
        """Where a symbolic link points; empty where there is none."""
        try:
            return str(self.at(path).readlink())
        except OSError:
            return ""

    def there(self, path: str) -> bool:
        """Whether there is anything of that name."""
        return os.path.lexists(self.at(path))

    def glob(self, pattern: str) -> Iterator[str]:
        """The files that match a pattern with `*`, which never matches a `/`; sorted."""
        with contextlib.suppress(OSError):
            for found in sorted(self.directory.glob(pattern.lstrip("/"))):
                yield "/" + str(found.relative_to(self.directory))
