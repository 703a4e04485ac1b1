"""Changing the application's own data."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import data_places


@attack(
    "data",
    "Change what lies in a data volume",
    group=Group.WRITING,
    technique="T1565.001",
    sign="EROFS or EACCES from open(2): the mount is read-only or somebody else's",
    mend=":ro on every mount that the application only reads; backups for the others",
    by_design="the application itself must write its data, so whoever took it over can",
)
def data(scene: Scene) -> Sequence[Step] | Nothing:
    """Data is what ransom is asked for: who holds the application can change or lose what it keeps.

    The attack makes an empty file under a name of its own in each writable volume or bind mount, and removes it at
    once; a mount that is a single file is opened for appending and not written.

    No option stops it. A seal turns the mounts read-only that the application could never write.
    """
    places = data_places(scene)
    return [Step("create", (place.path,)) for place in places] or Nothing("no data mount is writable")
