"""Executing a dropped program."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import droppable


@attack(
    "dropped-program",
    "Drop a program and execute it",
    group=Group.EXECUTING,
    technique="T1105",
    control="filesystem",
    sign="EROFS or EACCES from open(2), or EACCES from execve(2): what is writable is mounted noexec",
    mend="read_only: true, and noexec on every tmpfs",
)
def dropped_program(scene: Scene) -> Sequence[Step] | Nothing:
    """Miners, tunnels and exploits are programs that are fetched and executed: the second thing an intruder does.

    The attack copies its own program to each place that could be written (directories of the image, every tmpfs)
    and executes the copy, which removes itself and says that it ran.

    A read-only root and `noexec` on whatever stays writable stop it: no directory both takes a file and executes it.
    """
    places = droppable(scene)
    return [Step("drop", (path,)) for path in places] or Nothing("every directory lies in a data mount")
