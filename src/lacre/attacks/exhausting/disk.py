"""Filling the host's disk below the image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import image_directories

MIB: Final = 128
_MOST: Final = 2  # the first is open to the user, if any is; the others are refused like it


@attack(
    "disk-fill",
    "Fill the host's disk through the container's own layer",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    control="filesystem",
    sign="EROFS from open(2): the root file system is read-only",
    mend="read_only: true; a tmpfs with a size for what may vanish",
)
def disk_fill(scene: Scene) -> Sequence[Step] | Nothing:
    """Whatever a container writes to its own layer lies on the engine's disk, where every other container writes too.

    The attack puts 128 MiB into a file without a name in a directory of the image, and lets it go at once. It does
    not try where less than 1 GiB would stay free.

    A read-only root file system stops it: nothing is left to write to that has no size.
    """
    places = image_directories(scene, _MOST)
    return [Step("fill", (path, str(MIB)), seconds=15.0) for path in places] or Nothing(
        "every directory lies in a mount"
    )
