"""Summaries of images on disk, by the image's id: reading an image takes seconds, and its id never changes meaning."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from pathlib import Path

from lacre.audit.facts.contents import as_text, from_text
from lacre.audit.facts.image import Contents

_ID = re.compile(r"^sha256:[0-9a-f]{64}$")
_MOST = 1 << 20  # bytes of one summary


class Kept:
    """A directory of summaries, of this user alone; without one nothing is kept. What cannot be kept is no error."""

    def __init__(self, directory: Path | None) -> None:
        self._directory = directory

    def get(self, id: str) -> Contents | None:
        """The summary of an image, if it is kept."""
        path = self._path(id)
        if path is None:
            return None
        with contextlib.suppress(OSError, UnicodeDecodeError), path.open(encoding="utf-8") as file:
            # Somebody else's file could hide what is in an image.
            if os.fstat(file.fileno()).st_uid == os.geteuid():
                return from_text(file.read(_MOST))
        return None

    def put(self, id: str, found: Contents) -> None:
        """Keep a summary; it appears whole or not at all."""
        path = self._path(id)
        if path is None:
            return
        with contextlib.suppress(OSError):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
                file.write(as_text(found))
            Path(file.name).replace(path)

    def _path(self, id: str) -> Path | None:
        if self._directory is None or not _ID.match(id):
            return None
        return self._directory / f"{id.removeprefix('sha256:')}.json"
