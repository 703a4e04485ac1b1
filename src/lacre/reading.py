"""Files that others may have laid: only ordinary ones are opened, and no more is read than was asked for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

_PIECE_BYTES = 1 << 16


def open_regular(path: Path | str, *, follow: bool = True) -> int:
    """A descriptor to read an ordinary file; raises OSError (EINVAL for what is none) and ValueError (a zero byte).

    What is there is looked at before it is opened: opening a pipe waits for whoever writes to it, and opening a
    device can do what it is for. `follow`: a link as the last part of the path is followed.
    """
    held = os.open(path, os.O_PATH | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW))
    try:
        if not stat.S_ISREG(os.fstat(held).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        try:
            return os.open(f"/proc/self/fd/{held}", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as problem:
            raise OSError(problem.errno, problem.strerror, str(path)) from None
    finally:
        os.close(held)


def up_to(descriptor: int, most: int) -> bytes:
    """The first `most` bytes; a file of the kernel gives a page at a time. Raises OSError."""
    pieces, left = [], most
    while left and (piece := os.read(descriptor, min(left, _PIECE_BYTES))):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
