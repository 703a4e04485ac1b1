"""Reading another process's memory."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack
from lacre.attacks.spying.processes import others


@attack(
    "read-memory",
    "Read another process's memory",
    group=Group.SPYING,
    technique="T1003.007",
    control="syscalls",
    sign="EPERM from process_vm_readv(2): the filter refuses the call; EACCES from AppArmor",
    mend="security_opt: [seccomp=…] with a profile without process_vm_readv and process_vm_writev",
)
def read_memory(scene: Scene) -> Sequence[Step] | Nothing:
    """Keys and passwords lie in memory in clear: a neighbour process of the same user can copy them unseen.

    The attack asks for one byte at an address where nothing is ever mapped (0x1000): the kernel says EFAULT only
    after it has agreed that the process may be read, so nothing is.

    A filter without the call stops it. Docker's default allows it from version 23 on.
    """
    numbers = others(scene)
    return [Step("read-memory", (number,)) for number in numbers] or Nothing(
        "there is no other process of this user"
    )
