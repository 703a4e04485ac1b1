"""Loading a dropped shared object."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.places import droppable


@attack(
    "shared-object",
    "Load a dropped shared object",
    group=Group.EXECUTING,
    technique="T1574.006",
    control="filesystem",
    sign="EROFS or EACCES from open(2), or EPERM from mmap(2): what is writable is mounted noexec",
    mend="read_only: true, and noexec on every tmpfs",
)
def shared_object(scene: Scene) -> Sequence[Step] | Nothing:
    """A library that is loaded into the server (LD_PRELOAD, a plugin, a module) needs no program to be executed.

    The attack writes a page of zeros to each place that could be written, into a file without a name, and maps it
    as code the way a loader does. Nothing of it is run, and the file goes with its descriptor.

    `noexec` stops this as well as the execution of programs. A tmpfs from which the application itself was seen to
    load code keeps `exec`; the seal says so.
    """
    places = droppable(scene)
    return [Step("map", (path,)) for path in places] or Nothing("every directory lies in a data mount")
