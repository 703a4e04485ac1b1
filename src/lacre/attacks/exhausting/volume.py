"""Filling a data volume."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import data_places

MIB: Final = 32


@attack(
    "volume-fill",
    "Fill a data volume",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    sign="EDQUOT or ENOSPC from write(2): the disk below has a quota",
    mend="a disk or a quota of its own for the volume (driver_opts), and an alarm on free space",
    by_design="no option of Compose bounds what is written to a volume; only a quota of the disk below does",
)
def volume_fill(scene: Scene) -> Sequence[Step] | Nothing:
    """A volume lies on a disk of the host: an application may fill it, so an intruder may.

    The attack puts 32 MiB into a file without a name in each writable volume or bind mount, and lets it go at once.
    It does not try where less than 1 GiB would stay free.

    Only a quota of the file system below, or a disk of its own, bounds it.
    """
    places = data_places(scene)
    return [Step("fill", (place.path, str(MIB)), seconds=15.0) for place in places] or Nothing(
        "no data mount is writable"
    )
