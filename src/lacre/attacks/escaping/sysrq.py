"""The kernel's emergency keys."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "sysrq",
    "Open the kernel's emergency keys",
    group=Group.ESCAPING,
    technique="T1529",
    control="user",
    sign="EACCES for another user than root; EROFS from Docker's mask for root",
    mend=(
        "drop `security_opt: [systempaths=unconfined]` and `privileged: true`; run as another user "
        "than root (`user:`)"
    ),
)
def sysrq(scene: Scene) -> Sequence[Step]:
    """One letter written to /proc/sysrq-trigger restarts the host, kills its processes or makes its kernel
    crash.

    The file is opened for writing, nothing is written, and it is closed. A kernel without these keys
    has no such file.

    It belongs to root. Docker mounts it read-only unless the container is privileged or its
    `systempaths` are unconfined.
    """
    del scene
    return [Step("open-to-write", ("/proc/sysrq-trigger",))]
