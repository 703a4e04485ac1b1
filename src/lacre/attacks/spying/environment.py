"""Reading another process's environment."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.spying.processes import others


@attack(
    "environment",
    "Read another process's environment",
    group=Group.SPYING,
    technique="T1552.001",
    sign="EACCES from open(2): the process belongs to another user",
    mend="secrets as files that only one user can read, not as environment variables",
    by_design="/proc shows a user the environment of his own processes, and every application reads files",
)
def environment(scene: Scene) -> Sequence[Step] | Nothing:
    """Passwords are handed to containers as environment variables, and /proc/1/environ keeps them for whoever may read.

    The attack opens the environment of another process, reads one byte of it and forgets it.

    Nothing stops the user of the process; another user is refused.
    """
    numbers = others(scene)
    return [Step("environment", (number,)) for number in numbers] or Nothing(
        "there is no other process of this user"
    )
