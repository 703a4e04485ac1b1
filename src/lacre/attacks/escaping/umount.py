"""Unmounting."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "umount",
    "Unmount a file system",
    group=Group.ESCAPING,
    technique="T1611",
    control="syscalls",
    sign="EPERM from umount2(2): the filter refuses the call, and without SYS_ADMIN the kernel does too",
    mend=(
        "drop `privileged: true` or `cap_add: [SYS_ADMIN]`; set `cap_drop: [ALL]` and the seal's "
        "filter (`security_opt: [seccomp=...]`)"
    ),
)
def umount(scene: Scene) -> Sequence[Step]:
    """Docker hides parts of /proc and /sys under mounts, and an application's volumes may lie over other
    content: who may unmount uncovers all of it.

    The attack asks to unmount a directory that is no mount point, without following links. The kernel
    asks for SYS_ADMIN first and says EINVAL only to somebody who may, so nothing is ever unmounted.

    The kernel wants SYS_ADMIN; the seal's filter does not have the call.
    """
    del scene
    return [Step("umount")]
