"""The host's name."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "hostname",
    "Change the host name",
    group=Group.KERNEL,
    technique="T1036",
    control="syscalls",
    sign=(
        "EPERM from sethostname(2): the filter refuses the call, and without SYS_ADMIN the kernel does too"
    ),
    mend=(
        "drop `uts: host` and `cap_add: [SYS_ADMIN]`; set the seal's filter: `security_opt: [seccomp=...]`"
    ),
)
def hostname(scene: Scene) -> Sequence[Step]:
    """A changed host name makes logs and metrics lie about where they come from; with `uts: host` it is
    the host's.

    The new name has a length of -1. The kernel asks for SYS_ADMIN first and says EINVAL only to
    somebody who may; the name stays.

    The kernel wants SYS_ADMIN; the seal's filter does not have the call.
    """
    del scene
    return [Step("hostname")]
