"""Taking the CPU."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Counter, Group, Nothing, Scene, Step, attack


@attack(
    "cpu",
    "Take every CPU of the host",
    group=Group.EXHAUSTING,
    technique="T1496",
    control="limits",
    sign="the kernel enforces a limit on the control group while it spins (nr_periods in cpu.stat)",
    mend="cpus: 1, or what the application needs",
)
def cpu(scene: Scene) -> Sequence[Step] | Nothing:
    """A miner uses whatever the host has; without a limit it competes with every neighbour for every CPU.

    The attack works on as many CPUs as the host has, for one second. The periods in which the kernel enforced a limit
    meanwhile are counted on the host: on a busy one the attack would not get more than its share anyway.

    A CPU limit stops it: the control group runs out of its share of each tenth of a second, and waits.
    """
    limit = scene.bounds.cpus
    if limit is not None and limit >= scene.host_cpus:
        return Nothing(f"the limit of {limit:g} CPUs is all that this host has: here it holds nothing back")
    return [Step("cpu", (str(scene.host_cpus),), seconds=10.0, counter=Counter.CPU_PERIODS)]
