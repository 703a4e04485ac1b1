"""Taking file descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Scene, Step, attack

# Twice what lacre's own limit is at least (seal/controls/limits.py), an eighth of Docker's default of 2**20.
MORE_THAN: Final = 1 << 17


@attack(
    "descriptors",
    "Take file descriptors without end",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    control="limits",
    sign="EMFILE from dup(2): the process has as many descriptors as it may",
    mend="ulimits: {nofile: 65536}",
)
def descriptors(scene: Scene) -> Sequence[Step]:
    """Open files and sockets cost the kernel memory that belongs to nobody, and their number on a host is bounded.

    The attack raises its own limit as far as it may and duplicates its standard output until it is refused, or has
    131,073 descriptors; all name the same open file, so that nothing but its own table grows.

    Docker gives a million unless told otherwise.
    """
    del scene
    return [Step("descriptors", (str(MORE_THAN + 1),), seconds=10.0)]
