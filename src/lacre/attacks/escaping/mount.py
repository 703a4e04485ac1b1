"""Mounting."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack
from lacre.attacks.stage import TOOL


@attack(
    "mount",
    "Mount a file system",
    group=Group.ESCAPING,
    technique="T1611",
    control="syscalls",
    sign="EPERM from mount(2) and fsopen(2), ENOSYS from fsopen(2) under a filter; EACCES from AppArmor",
    mend=(
        "drop `privileged: true` or `cap_add: [SYS_ADMIN]`; set `cap_drop: [ALL]` and the seal's "
        "filter (`security_opt: [seccomp=...]`)"
    ),
)
def mount(scene: Scene) -> Sequence[Step]:
    """Who may mount reaches the host's disks, the control groups and everything that Docker masks in
    /proc, and makes a read-only root writable again.

    Three ways are tried, since a filter may know only the oldest. mount(2): a tmpfs of one page over
    the attack's own directory, which nobody else uses, unmounted at once. The same by the newer calls,
    from fsopen(2) to move_mount(2). A remount of a directory that is no mount point: the kernel asks for
    SYS_ADMIN first and refuses the directory with EINVAL after it.

    The kernel wants SYS_ADMIN for all of them, and the seal's filter has none of the calls. AppArmor's
    `docker-default` refuses mounts too.
    """
    del scene
    return [Step("mount", (TOOL,)), Step("mount-api", (TOOL,)), Step("remount")]
