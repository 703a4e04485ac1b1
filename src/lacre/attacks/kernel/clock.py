"""The host's clock."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "clock",
    "Set the clock",
    group=Group.KERNEL,
    technique="T1070.006",
    control="syscalls",
    sign=(
        "EPERM from settimeofday(2): the filter refuses the call, and without SYS_TIME the kernel does too"
    ),
    mend=(
        "drop `privileged: true` and `cap_add: [SYS_TIME]`; set the seal's filter: `security_opt: "
        "[seccomp=...]`"
    ),
)
def clock(scene: Scene) -> Sequence[Step]:
    """The clock is not namespaced: setting it makes logs lie, certificates valid or expired, and tokens
    live again, on the whole host.

    Only a time zone 546 hours away is handed over and no time. The kernel asks for SYS_TIME first and
    says EINVAL only to somebody who may; neither clock nor zone is set.

    The kernel wants SYS_TIME; the seal's filter does not have the call.
    """
    del scene
    return [Step("clock")]
