"""Performance counters."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "perf-event",
    "Open a performance counter",
    group=Group.KERNEL,
    technique="T1068",
    control="syscalls",
    sign="EPERM from perf_event_open(2): the filter; EACCES where kernel.perf_event_paranoid is above 2",
    mend="set the seal's filter: `security_opt: [seccomp=...]`",
)
def perf_event(scene: Scene) -> Sequence[Step]:
    """perf_event_open(2) is a large piece of kernel with a history of holes, open to everybody for their
    own processes on most hosts, and a precise clock for side channels.

    A software counter of the attack's own process is opened, for user space only, and never started.

    Only a filter stops it for certain; Docker's own does too.
    """
    del scene
    return [Step("perf-event")]
