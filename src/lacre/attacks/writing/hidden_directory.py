"""Hiding among the image's files."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import image_directories


@attack(
    "hidden-directory",
    "Make a hidden directory among the image's files",
    group=Group.WRITING,
    technique="T1564.001",
    control="filesystem",
    sign="EROFS from mkdir(2): the root file system is read-only; EACCES where the directory is somebody else's",
    mend="read_only: true, and tmpfs for what must be written",
)
def hidden_directory(scene: Scene) -> Sequence[Step] | Nothing:
    """Tools and loot are kept where nobody looks, under a name that begins with a dot, and outlive a restart there.

    The attack makes such a directory in the directories of the image that are open to its user (and in those that
    anybody would try), and removes it at once.

    A read-only root file system stops it.
    """
    places = image_directories(scene)
    return [Step("hide", (path,)) for path in places] or Nothing("every directory lies in a mount")
