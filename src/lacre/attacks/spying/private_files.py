"""Reading what only root may read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import is_image_file

_FIRST: Final = ("/etc/shadow", "/etc/gshadow")
_OTHERS_READ: Final = 0o004
_MOST: Final = 4


@attack(
    "private-files",
    "Read what only root may read",
    group=Group.SPYING,
    technique="T1552.001",
    control="user",
    sign="EACCES from open(2): the application is not root, and has no capability to pass over modes",
    mend='user: "UID:GID", any but root',
)
def private_files(scene: Scene) -> Sequence[Step] | Nothing:
    """Password hashes and private keys are root's alone: a server that runs as root gives them to whoever takes it.

    The attack opens such files of the image for reading and reads nothing. Root needs no capability for its own
    files, so dropping them all does not help: only another user does.

    A user of its own stops it, where what it needs to read belongs to that user.
    """
    found = sorted(
        path
        for path, entry in scene.image.items()
        if entry.kind == "file"
        and entry.uid == 0
        and entry.size
        and not entry.mode & _OTHERS_READ
        and is_image_file(scene, path)
    )
    first = [path for path in _FIRST if path in found]
    paths = tuple(dict.fromkeys((*first, *found)))[:_MOST]
    return [Step("open", (path,)) for path in paths] or Nothing(
        "the image has no file that only root may read"
    )
