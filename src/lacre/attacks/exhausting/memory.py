"""Taking memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack

MIB: Final = 1 << 20
BEYOND: Final = 64 * MIB
WITHOUT_LIMIT: Final = 512 * MIB
SLOWEST: Final = 64  # MiB a second that a machine with much else to do can clear and hand out
SHARE: Final = 4  # of the host's memory: a quarter at most


@attack(
    "memory",
    "Take memory without end",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    control="limits",
    sign="the process is killed for want of memory within its own control group; nobody else notices",
    mend="mem_limit: 256m, or what the application needs",
)
def memory(scene: Scene) -> Sequence[Step] | Nothing:
    """When a host runs out of memory the kernel kills what it likes best, and that may be the neighbour's database.

    The attack writes to 64 MiB more than the limit, or to 512 MiB where there is none, in a process that has made
    itself the first to be killed, and gives all of it back. It does not try where that is more than a quarter of the
    host's memory.

    A memory limit stops it: the kernel kills within the control group, and first what asks to be killed.
    """
    limit = scene.bounds.memory
    wanted = WITHOUT_LIMIT if limit is None else limit + BEYOND
    if wanted > scene.host_memory // SHARE:
        return Nothing(f"{wanted // MIB} MiB is more than lacre takes from this host")
    mib = -(-wanted // MIB)
    return [Step("memory", (str(mib),), seconds=15.0 + mib / SLOWEST)]
