"""The host's swap space."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "swapon",
    "Add swap space",
    group=Group.KERNEL,
    technique="T1499",
    control="syscalls",
    sign="EPERM from swapon(2): the filter refuses the call, and without SYS_ADMIN the kernel does too",
    mend=(
        "drop `privileged: true` or `cap_add: [SYS_ADMIN]`; set `cap_drop: [ALL]` and the seal's "
        "filter (`security_opt: [seccomp=...]`)"
    ),
)
def swapon(scene: Scene) -> Sequence[Step]:
    """A file of the container as the host's swap space holds other processes' memory, readable; and it
    slows the whole host down.

    The file that is named does not exist. The kernel asks for SYS_ADMIN first and says ENOENT only to
    somebody who may; no swap space is added.

    The kernel wants SYS_ADMIN; the seal's filter does not have the call.
    """
    del scene
    return [Step("swapon")]
