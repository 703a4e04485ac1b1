"""Filling a tmpfs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Place, Scene, Step, attack
from lacre.attacks.places import memory_places

MIB: Final = 1 << 20
WITHOUT_SIZE: Final = 128 * MIB
ROOM: Final = 64 * MIB  # of the memory limit, for the application meanwhile
SHARE: Final = 4  # of the host's memory: a quarter at most


@attack(
    "tmpfs-fill",
    "Fill a tmpfs without end",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    control="filesystem",
    sign="ENOSPC from write(2): the tmpfs has a size",
    mend="a size on every tmpfs: tmpfs: [/tmp:size=64m], shm_size",
)
def tmpfs_fill(scene: Scene) -> Sequence[Step] | Nothing:
    """What is written to a tmpfs is the host's memory, and no process can be killed to get it back.

    Docker's tmpfs has no size unless one is given. The attack fills each writable tmpfs with a file without a name,
    up to a MiB more than its size, or 128 MiB where it has none; the file goes with its descriptor. It stays below
    the memory limit and a quarter of the host's memory, so that nothing of the application is killed for it.

    A size stops it. Where the memory limit is the smaller of the two, that one bounds it, and is tried apart.
    """
    places = memory_places(scene)
    if not places:
        return Nothing("no tmpfs is writable")
    steps = [
        Step("fill", (place.path, str(mib)), seconds=15.0)
        for place in places
        if (mib := _wanted(scene, place))
    ]
    return steps or Nothing("each tmpfs is larger than lacre may fill: the memory limit is what bounds it")


def _wanted(scene: Scene, place: Place) -> int:
    """MiB that tell whether its size holds; 0 where that cannot be told without harm."""
    most = scene.host_memory // SHARE
    if scene.bounds.memory is not None:
        most = min(most, max(0, scene.bounds.memory - ROOM))
    if not place.size:  # size=0 is none, too (tmpfs(5))
        return min(WITHOUT_SIZE, most) // MIB
    return -(-place.size // MIB) + 1 if place.size <= most else 0
