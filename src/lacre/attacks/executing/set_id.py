"""Becoming root by a set-id file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import is_image_file, may_execute

_SET_UID, _SET_GID = 0o4000, 0o2000
_MOST: Final = 3  # what stops one of them stops all


@attack(
    "set-id",
    "Become root by a set-id file of the image",
    group=Group.EXECUTING,
    technique="T1548.001",
    control="privileges",
    sign="the file is executed and gives nothing: no-new-privileges, or a mount that is nosuid",
    mend="security_opt: [no-new-privileges:true]",
)
def set_id(scene: Scene) -> Sequence[Step] | Nothing:
    """su, mount, passwd and the like run as root whoever executes them; a hole in one of them makes root of anybody.

    The attack executes such files with no room for their memory: the kernel gives the new process its user, group
    and capabilities, then finds that it cannot map its stack and kills it before its first instruction. What the
    dead process had is read from /proc and compared. No program of the image runs.

    With no-new-privileges the kernel ignores the bits.
    """
    if scene.uid == 0:
        return Nothing("the application runs as root already")
    found = [
        path
        for path, entry in scene.image.items()
        if entry.mode & (_SET_UID | _SET_GID)
        and is_image_file(scene, path)
        and may_execute(scene, entry)
        and (
            (entry.mode & _SET_UID and entry.uid != scene.uid)
            or (entry.mode & _SET_GID and entry.gid != scene.gid)
        )
    ]
    if not found:
        return Nothing("the image has no set-id file that this user may execute")
    found.sort(key=lambda path: (not scene.image[path].mode & _SET_UID, path))
    return [Step("gains", (path,)) for path in found[:_MOST]]
