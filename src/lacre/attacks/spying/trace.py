"""Tracing another process."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.spying.processes import others


@attack(
    "trace",
    "Attach to another process",
    group=Group.SPYING,
    technique="T1055.008",
    control="syscalls",
    sign="EPERM from ptrace(2): the filter refuses the call; EACCES from AppArmor",
    mend="security_opt: [seccomp=…] with a profile without ptrace",
)
def trace(scene: Scene) -> Sequence[Step] | Nothing:
    """Who may trace a process reads its secrets, changes its memory and runs code in its name.

    The attack attaches to another process of the container (PTRACE_SEIZE, which does not stop it) and lets it go
    again at once, by ending.

    A filter without ptrace stops it, for root and for the user of the process alike.
    """
    numbers = others(scene)
    return [Step("trace", (number,)) for number in numbers] or Nothing(
        "there is no other process of this user"
    )
