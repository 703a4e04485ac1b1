"""Memory without its protections."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "personality",
    "Turn off the protections of memory",
    group=Group.KERNEL,
    technique="T1068",
    control="syscalls",
    sign="EPERM from personality(2): the filter looks at the value",
    mend="set the seal's filter: `security_opt: [seccomp=...]`",
)
def personality(scene: Scene) -> Sequence[Step]:
    """Two flags of personality(2) are inherited by every program that is started afterwards: no random
    addresses, and all that can be read can be executed. They make an old exploit work again.

    The attack sets both for its own process, which then ends without starting another.

    No capability is asked. Only a filter stops it; Docker's own does too.
    """
    del scene
    return [Step("personality")]
