"""Files as an audit reads them: only regular ones, bounded, and a reason where one cannot be read."""

from __future__ import annotations

import os
from pathlib import Path

from lacre import reading
from lacre.audit.model import Place

MAX_BYTES = 2 << 20
"""No Compose file or Dockerfile that people write is a tenth as large."""


class UnreadableError(Exception):
    """A file that cannot be tested: `why` is one clause for the report, `place` where in the file it shows.

    `file` is said where several are read together, and it may be another than the one that was asked for.
    """

    def __init__(self, why: str, place: Place | None = None, file: str = "") -> None:
        super().__init__(why)
        self.file = file
        self.why = why
        self.place = place


def read_text(path: Path) -> str:
    """The text of a regular file of at most `MAX_BYTES`, UTF-8 (a byte order mark is taken off).

    Raises UnreadableError. A pipe or device is never waited for: a hostile checkout may hold one.
    """
    try:
        descriptor = reading.open_regular(path)
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    except ValueError:
        raise UnreadableError("its name holds a zero byte") from None
    try:
        size = os.fstat(descriptor).st_size
        if size > MAX_BYTES:
            raise UnreadableError(f"it has {size} bytes; more than {MAX_BYTES} are not read")
        # Files of /proc and of tracing have no size; reading them may wait, or take away what they hold.
        data = reading.up_to(descriptor, MAX_BYTES + 1) if size else b""
    except OSError as error:
        raise UnreadableError(error.strerror or str(error)) from None
    finally:
        os.close(descriptor)
    if len(data) > MAX_BYTES:
        raise UnreadableError(f"more than {MAX_BYTES} bytes are not read")
    if b"\0" in data:
        raise UnreadableError("it is binary: it holds zero bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"it is no UTF-8 (byte {error.start})") from None
