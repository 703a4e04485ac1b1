"""Gaining capabilities by a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import is_image_file, may_execute

_MOST: Final = 3  # what stops one of them stops all


@attack(
    "file-capabilities",
    "Gain capabilities by a file that carries them",
    group=Group.EXECUTING,
    technique="T1548",
    control="privileges",
    sign="the file is executed and gives nothing: no-new-privileges; EPERM where the container lacks the capability",
    mend="security_opt: [no-new-privileges:true], and cap_drop: [ALL]",
)
def file_capabilities(scene: Scene) -> Sequence[Step] | Nothing:
    """Files can carry capabilities (setcap): whoever executes them has those, as far as the container has.

    The attack executes such files with no room for their memory, so that the kernel kills the process before its
    first instruction, and compares the capabilities of the dead process with its own. No program of the image runs.

    With no-new-privileges the kernel ignores them; a container without the capability refuses to execute the file.
    """
    if scene.uid == 0:
        return Nothing("the application runs as root already")
    found = [
        path
        for path in scene.capable_files
        if is_image_file(scene, path) and may_execute(scene, scene.image[path])
    ]
    if not found:
        return Nothing("the image has no file with capabilities that this user may execute")
    return [Step("gains", (path,)) for path in found[:_MOST]]
