"""Another kernel."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "kexec",
    "Load another kernel",
    group=Group.KERNEL,
    technique="T1014",
    control="syscalls",
    sign=(
        "EPERM from kexec_load(2) and kexec_file_load(2): the filter refuses them, and without "
        "SYS_BOOT the kernel does too"
    ),
    mend=(
        "drop `privileged: true` and `cap_add: [SYS_BOOT]`; set the seal's filter: `security_opt: "
        "[seccomp=...]`"
    ),
)
def kexec(scene: Scene) -> Sequence[Step]:
    """kexec loads a kernel of the intruder's choice to be started in place of the host's.

    Both calls are made with flags that do not exist, no segment and no file. The kernel asks for
    SYS_BOOT first and says EINVAL only to somebody who may; nothing is loaded. A kernel without kexec
    says so.

    The kernel wants SYS_BOOT; the seal's filter has neither call.
    """
    del scene
    return [Step("kexec")]
