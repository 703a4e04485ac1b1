"""Process accounting."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "acct",
    "Turn process accounting on",
    group=Group.KERNEL,
    technique="T1562",
    control="syscalls",
    sign="EPERM from acct(2): the filter refuses the call, and without SYS_PACCT the kernel does too",
    mend=(
        "drop `privileged: true` and `cap_add: [SYS_PACCT]`; set the seal's filter: `security_opt: "
        "[seccomp=...]`"
    ),
)
def acct(scene: Scene) -> Sequence[Step]:
    """acct(2) makes the kernel write a record of each process that ends into a file, or stop writing them:
    in the container's process namespace, or the host's with `pid: host`.

    The file that is named does not exist. The kernel asks for SYS_PACCT first and says ENOENT only to
    somebody who may; accounting stays as it is.

    The kernel wants SYS_PACCT; the seal's filter does not have the call.
    """
    del scene
    return [Step("acct")]
