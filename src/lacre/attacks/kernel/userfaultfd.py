"""Page faults handled by a program."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "userfaultfd",
    "Take over the handling of page faults",
    group=Group.KERNEL,
    technique="T1068",
    control="syscalls",
    sign="EPERM from userfaultfd(2): the filter",
    mend="set the seal's filter: `security_opt: [seccomp=...]`",
)
def userfaultfd(scene: Scene) -> Sequence[Step]:
    """Who handles page faults stops the kernel in the middle of a copy for as long as it likes: what made
    many races in the kernel exploitable.

    A descriptor is opened, as administrator and for faults of user space only, which everybody may. No
    memory is registered with it.

    Only a filter stops the second; Docker's own does too.
    """
    del scene
    return [Step("userfaultfd")]
