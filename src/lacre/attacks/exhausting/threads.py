"""Filling the process table with threads."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.exhausting.processes import tasks
from lacre.attacks.model import Group, Nothing, Scene, Step, attack


@attack(
    "threads",
    "Make threads without end",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    control="limits",
    sign="EAGAIN from clone(2): the control group has as many tasks as it may",
    mend="pids_limit: 64, or what the application needs",
)
def threads(scene: Scene) -> Sequence[Step] | Nothing:
    """A thread takes a process number like a process, and needs neither another program nor another memory.

    The attack makes 64 threads more than the limit on processes, or 512 where there is none. They do nothing but
    wait, and end with the attack.

    The limit counts tasks, so it stops threads as it stops processes.
    """
    number = tasks(scene)
    if number is None:
        return Nothing(f"the limit of {scene.bounds.pids} processes is more than lacre takes from this host")
    return [Step("threads", (str(number),), seconds=19.0)]
