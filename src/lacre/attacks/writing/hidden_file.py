"""Hiding a file in memory."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import device_directory, memory_places


@attack(
    "hidden-file",
    "Hide a file in a writable tmpfs",
    group=Group.WRITING,
    technique="T1564.001",
    sign="EROFS or EACCES from open(2): nobody but the application's own user can write there",
    mend="as few tmpfs mounts as the application bears, with its own user and mode 0700",
    by_design="a directory that the application may write is open to whoever took it over; it is bounded, executes"
    " nothing and is empty after a restart",
)
def hidden_file(scene: Scene) -> Sequence[Step] | Nothing:
    """What the application may write to memory, an intruder may too: files there leave no trace on a disk.

    The attack makes an empty file under a name of its own in each writable tmpfs, and in /dev for root, and removes
    it at once.

    No option stops it, short of giving the application no tmpfs; a seal bounds the size and forbids execution.
    """
    paths = [place.path for place in memory_places(scene)] + [*device_directory(scene)]
    return [Step("create", (path,)) for path in paths] or Nothing("no tmpfs is writable")
