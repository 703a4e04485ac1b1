"""Changing the root of a mount namespace."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "pivot-root",
    "Change the root of the mount namespace",
    group=Group.ESCAPING,
    technique="T1611",
    control="syscalls",
    sign="EPERM from pivot_root(2): the filter refuses the call, and without SYS_ADMIN the kernel does too",
    mend=(
        "drop `privileged: true` or `cap_add: [SYS_ADMIN]`; set `cap_drop: [ALL]` and the seal's "
        "filter (`security_opt: [seccomp=...]`)"
    ),
)
def pivot_root(scene: Scene) -> Sequence[Step]:
    """pivot_root(2) is the call that closed the container's file system; it also opens it, for somebody
    who found a mount of the host's.

    The attack names a new root that does not exist. The kernel asks for SYS_ADMIN before it looks for
    it, and says ENOENT only to somebody who may.

    The kernel wants SYS_ADMIN; the seal's filter does not have the call.
    """
    del scene
    return [Step("pivot-root")]
