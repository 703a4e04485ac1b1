"""Entering another namespace."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "setns",
    "Enter another namespace",
    group=Group.ESCAPING,
    technique="T1611",
    control="syscalls",
    sign="EPERM from setns(2): the filter refuses the call, and without SYS_ADMIN the kernel does too",
    mend=(
        "drop `privileged: true` or `cap_add: [SYS_ADMIN]`; set `cap_drop: [ALL]` and the seal's "
        "filter (`security_opt: [seccomp=...]`)"
    ),
)
def setns(scene: Scene) -> Sequence[Step]:
    """setns(2) is how `nsenter` walks out of a container: into the namespaces of the host's first process,
    where they can be had (a shared /proc, the host's processes, a leaked descriptor).

    The attack enters the network namespace that it is in already. The kernel asks the same permission
    for it, and nothing changes.

    The kernel wants SYS_ADMIN; the seal's filter does not have the call.
    """
    del scene
    return [Step("setns")]
