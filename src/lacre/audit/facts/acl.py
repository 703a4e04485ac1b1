"""Access lists of files: rights of named users and groups beside owner, group and others (acl(5))."""

from __future__ import annotations

import errno
import os
import struct
from pathlib import Path

_NAME = "system.posix_acl_access"
_VERSION, _USER, _GROUP, _MASK = 2, 0x02, 0x08, 0x10
_HEADER, _ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
"""include/uapi/linux/posix_acl_xattr.h: the version, then entries of tag, rights and number; little-endian."""

_Rights = tuple[tuple[int, int], ...]


def named(path: Path) -> tuple[_Rights, _Rights]:
    """The users and the groups that a file's list names, each a number and its rights (4 read, 2 write, 1 run).

    None on a file system that has no lists. OSError where the list cannot be read.
    """
    try:
        return parsed(os.getxattr(path, _NAME))
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.ENOTSUP):
            return (), ()
        raise


def parsed(data: bytes) -> tuple[_Rights, _Rights]:
    """Likewise, of the attribute's bytes: those left without rights by the mask are none. OSError: it is no list."""
    body = data[_HEADER.size :]
    if data[: _HEADER.size] != _HEADER.pack(_VERSION) or len(body) % _ENTRY.size:
        raise OSError(errno.EINVAL, "its access list has an unknown form")
    entries = tuple(_ENTRY.iter_unpack(body))
    mask = next((rights for tag, rights, _ in entries if tag == _MASK), 7)
    users, groups = (
        tuple((number, rights & mask) for tag, rights, number in entries if tag == wanted and rights & mask)
        for wanted in (_USER, _GROUP)
    )
    return users, groups
