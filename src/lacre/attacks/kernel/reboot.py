"""Restarting."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "reboot",
    "Restart the machine",
    group=Group.KERNEL,
    technique="T1529",
    control="syscalls",
    sign="EPERM from reboot(2): the filter refuses the call, and without SYS_BOOT the kernel does too",
    mend=(
        "drop `privileged: true` and `cap_add: [SYS_BOOT]`; set the seal's filter: `security_opt: "
        "[seccomp=...]`"
    ),
)
def reboot(scene: Scene) -> Sequence[Step]:
    """reboot(2) restarts or halts the host; in a process namespace of its own it ends the container.

    The call wants two magic numbers and gets zeros. The kernel asks for SYS_BOOT first and says EINVAL
    only to somebody who may; nothing restarts.

    The kernel wants SYS_BOOT; the seal's filter does not have the call.
    """
    del scene
    return [Step("reboot")]
