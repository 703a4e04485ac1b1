"""The program that takes core dumps."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack
from lacre.attacks.stage import TOOL


@attack(
    "core-pattern",
    "Replace the host's core dump program",
    group=Group.ESCAPING,
    technique="T1611",
    control="user",
    sign="EACCES for another user than root; EROFS from Docker's mask, EPERM from mount(2) for root",
    mend=(
        "drop `security_opt: [systempaths=unconfined]` and `privileged: true`; run as another user "
        "than root (`user:`); drop `cap_add: [SYS_ADMIN]`"
    ),
)
def core_pattern(scene: Scene) -> Sequence[Step]:
    """/proc/sys/kernel/core_pattern names a program that the kernel runs as root, in the host's
    namespaces, whenever any process dumps core: one line written there is a way out.

    The file is opened for writing and not written. Docker's mask over it is a mount, so a second /proc,
    which has no masks, is tried too: mounted over the attack's own directory and unmounted at once.

    The file belongs to root, Docker mounts /proc/sys read-only, and a second /proc wants SYS_ADMIN and
    a filter that lets mount through.
    """
    del scene
    return [
        Step("open-to-write", ("/proc/sys/kernel/core_pattern",)),
        Step("open-in-mount", ("proc", TOOL, "sys/kernel/core_pattern")),
    ]
