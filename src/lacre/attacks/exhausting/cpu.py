"""Taking the CPU."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Counter, Group, Scene, Step, attack


@attack(
    "cpu",
    "Take every CPU of the host",
    group=Group.EXHAUSTING,
    technique="T1496",
    control="limits",
    sign="the control group is held back: its share of each period is used up (nr_throttled in cpu.stat)",
    mend="cpus: 1, or what the application needs",
)
def cpu(scene: Scene) -> Sequence[Step]:
    """A miner uses whatever the host has; without a limit it competes with every neighbour for every CPU.

    The attack works on as many CPUs as the host has, for one second. Whether a limit held it back is counted on the
    host.

    A CPU limit stops it: the control group runs out of its share of each tenth of a second, and waits.
    """
    return [Step("cpu", (str(scene.host_cpus),), seconds=10.0, counter=Counter.THROTTLED)]
