"""Executing a dropped program from where no option forbids it."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import data_places, device_directory


@attack(
    "dropped-data",
    "Execute a dropped program from a data volume or root's /dev",
    group=Group.EXECUTING,
    technique="T1105",
    sign="EACCES or EROFS: the mount is noexec, read-only or somebody else's",
    mend="a driver option that mounts the volume noexec (driver_opts: o: noexec) where the driver takes one",
    by_design="Compose has no noexec for a volume or a bind, and Docker's own tmpfs on /dev belongs to root and is"
    " executable in every container",
)
def dropped_data(scene: Scene) -> Sequence[Step] | Nothing:
    """A volume takes files and executes them, and so does /dev for root: what noexec closed elsewhere is open there.

    The attack copies its own program there and executes the copy, which removes itself and says that it ran.

    Only a rule inside the container (Landlock) could tell writing from executing there.
    """
    paths = [place.path for place in data_places(scene)] + [*device_directory(scene)]
    return [Step("drop", (path,)) for path in paths] or Nothing(
        "no data mount is writable, and /dev is not its own"
    )
