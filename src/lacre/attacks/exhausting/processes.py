"""Filling the process table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack

BEYOND: Final = 64  # more than a limit lets be
WITHOUT_LIMIT: Final = 512  # no limit stops at a number that a small host bears
MOST: Final = 4096


def tasks(scene: Scene) -> int | None:
    """How many to make so that a limit shows; None where that is more than a host should bear for it."""
    limit = scene.bounds.pids
    if limit is None:
        return WITHOUT_LIMIT
    return limit + BEYOND if limit <= MOST else None


@attack(
    "fork-bomb",
    "Make processes without end",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    control="limits",
    sign="EAGAIN from fork(2): the control group has as many processes as it may",
    mend="pids_limit: 64, or what the application needs",
)
def fork_bomb(scene: Scene) -> Sequence[Step] | Nothing:
    """Process numbers belong to the whole host: a container that uses them up leaves nobody else able to start one.

    The attack makes 64 processes more than the limit, or 512 where there is none. They do nothing but wait for the
    attack to end, and end with it, however it ends.

    A limit on the tasks of the control group stops it, and the host and every neighbour go on as if nothing were.
    """
    number = tasks(scene)
    if number is None:
        return Nothing(f"the limit of {scene.bounds.pids} processes is more than lacre takes from this host")
    return [Step("processes", (str(number),), seconds=19.0)]
