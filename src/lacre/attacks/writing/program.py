"""Rewriting the program that runs."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack


@attack(
    "program",
    "Change the program itself",
    group=Group.WRITING,
    technique="T1554",
    control="filesystem",
    sign="EROFS from open(2): the root file system is read-only; EACCES where the file is somebody else's",
    mend="read_only: true",
)
def program(scene: Scene) -> Sequence[Step] | Nothing:
    """Who can change the server's own program owns every later start of it, and all that it is trusted with.

    The attack opens the executable of the application's process for writing, without truncating it, and writes
    nothing. A running program may be busy (ETXTBSY); owner and mode have agreed by then, and whether the mount is
    read-only is asked apart.

    A read-only root file system stops it, whoever asks.
    """
    if not scene.program.startswith("/"):
        return Nothing("the file of the application's program is not known")
    return [Step("rewrite", (scene.program,))]
