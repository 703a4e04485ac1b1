"""Writing in /etc."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import is_image_directory, is_image_file


@attack(
    "etc",
    "Change the accounts and settings in /etc",
    group=Group.WRITING,
    technique="T1136.001",
    control="filesystem",
    sign="EROFS from open(2): the root file system is read-only; EACCES for anybody but root",
    mend="read_only: true",
)
def etc(scene: Scene) -> Sequence[Step] | Nothing:
    """A line in /etc/passwd is a second root account; a file in /etc changes who is trusted and what is loaded.

    The attack makes an empty file under a name of its own in /etc and removes it at once, and opens /etc/passwd for
    appending without writing.

    A read-only root file system stops it.
    """
    steps = [Step("create", ("/etc",))] if is_image_directory(scene, "/etc") else []
    if is_image_file(scene, "/etc/passwd"):
        steps.append(Step("append", ("/etc/passwd",)))
    return steps or Nothing("the image has no /etc")
