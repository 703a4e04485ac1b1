"""The file system below one root directory: `/` on a host, a made-up tree in tests. All reads are bounded."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from lacre import reading

MOST = 1 << 20
"""Bytes of a configuration or kernel file; a larger one is not what it seems, and is read no further."""


def parent(path: str) -> str:
    """The directory of a path."""
    return str(PurePosixPath(path).parent)


class Root:
    """A tree of files. Paths are absolute texts as the host has them, whatever the tree is."""

    def __init__(self, directory: Path = Path("/")) -> None:
        self.directory = directory
        self._prefix = str(directory).rstrip("/")

    def name(self, path: str) -> str:
        """Where `path` really is, as text: thousands are read in one run, and Path costs more than the kernel."""
        return f"{self._prefix}/{path.lstrip('/')}"

    def at(self, path: str) -> Path:
        """Where `path` really is."""
        return self.directory / path.lstrip("/")

    def resolved(self, path: str) -> str:
        """`path` with its last links followed, inside this root; raises OSError (ELOOP) when they go round."""
        for _ in range(40):
            try:
                target = os.readlink(self.name(path))  # noqa: PTH115 - see `name`
            except OSError:
                return path
            path = os.path.normpath(f"{parent(path)}/{target}" if target[0] != "/" else target)
        raise OSError(40, os.strerror(40), path)

    def data(self, path: str) -> bytes | None:
        """What an ordinary file holds, at most a megabyte; None where it cannot be read, or is none."""
        try:
            inside = self.resolved(path) if self._prefix else path  # links of `/` the kernel itself follows
            descriptor = reading.open_regular(self.name(inside))
        except (OSError, ValueError):
            return None
        try:
            return reading.up_to(descriptor, MOST)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def text(self, path: str) -> str | None:
        """Likewise, as text; bytes that are no UTF-8 are kept as surrogates."""
        data = self.data(path)
        return None if data is None else data.decode("utf-8", "surrogateescape")

    def status(self, path: str) -> os.stat_result:
        """Owner and mode of what `path` leads to; raises OSError."""
        return os.stat(self.name(self.resolved(path) if self._prefix else path))  # noqa: PTH116 - see `name`

    def names(self, path: str) -> tuple[str, ...]:
        """What a directory holds, sorted; nothing where it is not there."""
        try:
            return tuple(sorted(os.listdir(self.name(path))))  # noqa: PTH208 - see `name`
        except OSError:
            return ()

    def link(self, path: str) -> str:
        """Where a symbolic link points; empty where there is none."""
        try:
            return os.readlink(self.name(path))  # noqa: PTH115 - see `name`
        except OSError:
            return ""

    def there(self, path: str) -> bool:
        """Whether there is anything of that name."""
        return os.path.lexists(self.name(path))

    def glob(self, pattern: str) -> Iterator[str]:
        """The files that match a pattern, whose `*` never matches a `/`; sorted."""
        if "*" not in pattern:
            yield from (pattern,) if self.there(pattern) else ()
            return
        found = glob.glob(self.name(pattern), include_hidden=True)  # noqa: PTH207 - see `name`
        yield from sorted((path[len(self._prefix) :] for path in found), key=lambda path: path.split("/"))
