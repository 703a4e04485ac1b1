"""Files and sysctls written so that a crash leaves the old or the new, and nothing between.

Only functions of `os` touch anything here: a test stops the process at each of them in turn.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import struct
import sys
from dataclasses import dataclass, field

from lacre import reading
from lacre.host.facts import PROC_SYS
from lacre.host.files import Root, parent

_GET_FLAGS = 0x80086601  # FS_IOC_GETFLAGS, include/uapi/linux/fs.h, where a long has 64 bits
_IMMUTABLE, _APPEND_ONLY = 0x10, 0x20  # FS_IMMUTABLE_FL, FS_APPEND_FL


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A file as it is: its bytes, and what chmod, chown, setxattr and utime could say of it."""

    data: bytes
    mode: int
    uid: int
    gid: int
    modified: int  # nanoseconds
    xattrs: dict[str, bytes] = field(default_factory=dict)


def held(root: Root, path: str) -> Held | None:
    """The file at `path`, which is no link; None where there is none. Raises OSError."""
    try:
        descriptor = reading.open_regular(root.at(path), follow=False)
    except FileNotFoundError:
        return None
    try:
        told = os.fstat(descriptor)
        data = reading.up_to(descriptor, sys.maxsize)  # whole: it is what will be put back
        xattrs = {}
        with contextlib.suppress(OSError):  # a file system that has none
            xattrs = {name: os.getxattr(descriptor, name) for name in os.listxattr(descriptor)}
    finally:
        os.close(descriptor)
    return Held(
        data=data,
        mode=stat.S_IMODE(told.st_mode),
        uid=told.st_uid,
        gid=told.st_gid,
        modified=told.st_mtime_ns,
        xattrs=xattrs,
    )


def staged(path: str) -> str:
    """Where the new content of `path` waits for its turn."""
    directory, _, name = path.rpartition("/")
    return f"{directory}/.{name}.lacre-new"


def stage(root: Root, path: str, data: bytes, like: Held | None, *, mode: int = 0o644) -> None:
    """Writes `data` beside `path`, with the mode, owner and attributes of `like`; raises OSError."""
    place = root.at(staged(path))
    with contextlib.suppress(FileNotFoundError):
        place.unlink()
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        if like is not None:
            os.fchown(descriptor, like.uid, like.gid)
        os.fchmod(descriptor, mode if like is None else like.mode)
        for name, value in (like.xattrs if like else {}).items():
            os.setxattr(descriptor, name, value)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def swap_in(root: Root, path: str, *, modified: int | None = None) -> None:
    """Puts what was staged in the place of `path`; raises OSError. `modified`: nanoseconds, the time to give it."""
    if modified is not None:
        os.utime(root.at(staged(path)), ns=(modified, modified))
    root.at(staged(path)).rename(root.at(path))
    sync(root, parent(path))


def unstage(root: Root, path: str) -> None:
    """Takes away what was staged, if anything was; raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        root.at(staged(path)).unlink()
        sync(root, parent(path))


def remove(root: Root, path: str) -> None:
    """Removes a file; raises OSError."""
    root.at(path).unlink()
    sync(root, parent(path))


def sync(root: Root, directory: str) -> None:
    """What happened in `directory` is on the disk; raises OSError."""
    descriptor = os.open(root.at(directory), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_sysctl(root: Root, key: str, text: str) -> None:
    """Writes a sysctl by one write(2), as the kernel wants it; raises OSError."""
    data = text.encode("ascii")
    descriptor = os.open(root.at(f"{PROC_SYS}/{key}"), os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, data)
        if os.fstat(descriptor).st_size > len(data):  # never true in /proc: a made-up tree has ordinary files
            os.ftruncate(descriptor, len(data))
    finally:
        os.close(descriptor)


def fixed(root: Root, path: str) -> str:
    """Why a file or directory refuses every change, as chattr(1) says it; empty where it does not."""
    try:
        descriptor = os.open(root.at(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        flags = struct.unpack("L", fcntl.ioctl(descriptor, _GET_FLAGS, b"\0" * 8))[0]
    except OSError:
        return ""  # a file system without such flags
    finally:
        os.close(descriptor)
    if flags & _IMMUTABLE:
        return "immutable (chattr +i)"
    return "append-only (chattr +a)" if flags & _APPEND_ONLY else ""
