"""Scenes to plan attacks on: a plain web server's container, and whatever a test changes of it."""

from __future__ import annotations

from typing import Any, Final

from lacre.attacks.model import Bounds, Place, PlaceKind, Scene
from lacre.engine import Entry

MIB: Final = 1 << 20


def place(path: str, kind: PlaceKind, filesystem: str = "", **changed: Any) -> Place:
    """A mount; writable and nothing forbidden unless `changed` says so."""
    fields: dict[str, Any] = {"writable": True, "executable": True, "setuid": True, **changed}
    return Place(path=path, kind=kind, filesystem=filesystem or kind, **fields)


def file(mode: int = 0o644, uid: int = 0, gid: int = 0, **changed: Any) -> Entry:
    """A file of the image."""
    return Entry(kind="file", mode=mode, uid=uid, gid=gid, **changed)


def directory(mode: int = 0o755, uid: int = 0, gid: int = 0) -> Entry:
    """A directory of the image."""
    return Entry(kind="directory", mode=mode, uid=uid, gid=gid)


PLACES: Final = (
    place("/", "root", "overlay"),
    place("/proc", "kernel", "proc", executable=False, setuid=False),
    place("/sys", "kernel", "sysfs", writable=False, executable=False, setuid=False),
    place("/dev", "device", "tmpfs", executable=True, setuid=False, size=64 * MIB),
    place("/dev/shm", "tmpfs", executable=False, setuid=False, size=64 * MIB),
    place("/tmp", "tmpfs", executable=False, setuid=False, size=64 * MIB),
    place("/data", "volume", "ext4"),
    place("/etc/hosts", "bind", "ext4"),
)
"""What an unsealed container has, and a tmpfs and a volume beside it."""

SEALED_PLACES: Final = (place("/", "root", "overlay", writable=False), *PLACES[1:])

IMAGE: Final = {
    "/": directory(),
    "/bin": directory(),
    "/bin/sh": file(0o755),
    "/etc": directory(),
    "/etc/passwd": file(),
    "/srv": directory(),
    "/srv/server": file(0o755),
    "/usr": directory(),
    "/usr/bin": directory(),
    "/usr/bin/su": file(0o4755),
}


def scene(**changed: Any) -> Scene:
    """A server of uid 33 in an unsealed container of a bridge network, alone in its project."""
    fields: dict[str, Any] = {
        "service": "web",
        "process": 1,
        "first": 1,
        "uid": 33,
        "gid": 33,
        "program": "/srv/server",
        "directory": "/srv",
        "places": PLACES,
        "image": IMAGE,
        "bounds": Bounds(),
        "host_memory": 8192 * MIB,
        "host_cpus": 2,
        "protocols": frozenset({"TCP", "UDP", "UNIX", "NETLINK"}),
        "gateway": "172.17.0.1",
        **changed,
    }
    return Scene(**fields)
