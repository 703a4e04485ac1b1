"""The kernel's log."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "kernel-log",
    "Read the kernel's log",
    group=Group.ESCAPING,
    technique="T1082",
    control="syscalls",
    sign=(
        "EPERM from syslog(2): the filter refuses the call, and without SYSLOG the kernel does where "
        "kernel.dmesg_restrict is 1"
    ),
    mend="drop `cap_add: [SYSLOG]`; set the seal's filter: `security_opt: [seccomp=...]`",
)
def kernel_log(scene: Scene) -> Sequence[Step]:
    """The kernel's log is not namespaced: it tells about the host's hardware, its other containers and, in
    a crash, the addresses that an exploit needs.

    64 bytes are read into a buffer that is never looked at; the log itself stays as it is.

    The seal's filter does not have syslog(2). The kernel itself refuses only where
    kernel.dmesg_restrict is 1.
    """
    del scene
    return [Step("kernel-log")]
