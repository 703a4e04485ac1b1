"""Code in the kernel."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "modules",
    "Load or remove a kernel module",
    group=Group.KERNEL,
    technique="T1547.006",
    control="syscalls",
    sign=(
        "EPERM from init_module(2), finit_module(2) and delete_module(2): the filter refuses them, "
        "and without SYS_MODULE the kernel does too"
    ),
    mend=(
        "drop `privileged: true` and `cap_add: [SYS_MODULE]`; set the seal's filter: `security_opt: "
        "[seccomp=...]`"
    ),
)
def modules(scene: Scene) -> Sequence[Step]:
    """A kernel module is code in the host's kernel: the end of every boundary.

    A module of no bytes is offered by init_module(2), one of no file by finit_module(2), and one
    without a name is to be removed by delete_module(2). The kernel asks for SYS_MODULE first and then
    refuses each for what it is; nothing is loaded or removed. A kernel without modules says so.

    The kernel wants SYS_MODULE; the seal's filter has none of the calls.
    """
    del scene
    return [Step("modules")]
