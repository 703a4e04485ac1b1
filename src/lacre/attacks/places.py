"""Where in a container an intruder would write, in the order in which one would try."""

from __future__ import annotations

import posixpath
from typing import Final

from lacre.attacks.model import Place, Scene
from lacre.engine import Entry

_USUAL: Final = ("/tmp", "/var/tmp")  # noqa: S108 - the container's; whoever drops something tries them first
_ENGINE_FILES: Final = frozenset(
    {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
)  # bind mounts of Docker's
_WRITE, _EXECUTE = 0o200, 0o100  # as the owner has them
MOST: Final = (
    4  # a step costs a `docker exec`; what refuses four directories of one mount refuses all of them
)


def image_directories(scene: Scene, most: int = MOST) -> tuple[str, ...]:
    """Directories of the image itself, read-only or not, those first that its modes hand to the scene's user."""
    usual = [path for path in (*_USUAL, scene.directory, "/") if is_image_directory(scene, path)]
    handed = sorted(
        path
        for path, entry in scene.image.items()
        if scene.uid and entry.kind == "directory" and may_write(scene, entry) and _is_plain(scene, path)
    )
    first = [path for path in usual if path in handed]
    return tuple(dict.fromkeys((*first, *handed, *usual)))[:most]


def is_image_directory(scene: Scene, path: str) -> bool:
    """Whether this directory is the image's own, with no mount over it."""
    entry = scene.image.get(path)
    known = entry.kind == "directory" if entry else path == "/"
    return known and _is_plain(scene, path)


def is_image_file(scene: Scene, path: str) -> bool:
    """Whether this file is the image's own, with no mount over it."""
    entry = scene.image.get(path)
    return entry is not None and entry.kind == "file" and _is_plain(scene, path)


def may_write(scene: Scene, entry: Entry) -> bool:
    """Whether owner and mode let the scene's user write there."""
    return _has(scene, entry, _WRITE)


def may_execute(scene: Scene, entry: Entry) -> bool:
    """Whether owner and mode let the scene's user execute it."""
    return _has(scene, entry, _EXECUTE)


def memory_places(scene: Scene) -> tuple[Place, ...]:
    """The tmpfs mounts that are not read-only."""
    return scene.writable("tmpfs")


def data_places(scene: Scene) -> tuple[Place, ...]:
    """The volumes and binds that are not read-only: where an application keeps what must last."""
    return tuple(
        place
        for place in scene.writable("volume", "bind")
        if place.path not in _ENGINE_FILES and place.path not in scene.engine_sockets
    )


def droppable(scene: Scene) -> tuple[str, ...]:
    """Where a program may be dropped that no data has to lie: directories of the image, and every tmpfs."""
    return (*image_directories(scene), *(place.path for place in memory_places(scene)))


def device_directory(scene: Scene) -> tuple[str, ...]:
    """/dev for root, who owns it: Docker mounts a tmpfs there that no option makes read-only or noexec."""
    return tuple(place.path for place in scene.writable("device") if scene.uid == 0)


def parents(*paths: str) -> tuple[str, ...]:
    """The directories of these files, each once; nothing for what is no absolute path."""
    return tuple(dict.fromkeys(posixpath.dirname(path) for path in paths if path.startswith("/")))


def _has(scene: Scene, entry: Entry, owners_bit: int) -> bool:
    """Whether a permission is given, by the first of owner, group and others that the user is (path_resolution(7))."""
    if scene.uid == 0:
        return True
    if entry.uid == scene.uid:
        return bool(entry.mode & owners_bit)
    of_group = entry.gid == scene.gid or entry.gid in scene.groups
    return bool(entry.mode & (owners_bit >> 3 if of_group else owners_bit >> 6))


def _is_plain(scene: Scene, path: str) -> bool:
    return scene.place(path).kind == "root"
