"""Where a node could be made."""

from __future__ import annotations

from lacre.attacks.model import Scene

_FILES = frozenset(
    {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"}
)  # Docker mounts these into all containers


def directories(scene: Scene) -> list[str]:
    """Every mount that is a directory of the container's own, the read-only ones too: they are what refuses."""
    return [
        place.path
        for place in scene.places
        if place.kind not in {"kernel", "host"}
        and place.path not in _FILES
        and not _is_file(scene, place.path)
    ]


def _is_file(scene: Scene, path: str) -> bool:
    entry = scene.image.get(path)
    return entry is not None and entry.kind != "directory"
