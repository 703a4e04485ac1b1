"""The kernel's devices and parameters."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack
from lacre.attacks.stage import TOOL


@attack(
    "sysfs",
    "Change a device or parameter of the host's kernel",
    group=Group.ESCAPING,
    technique="T1611",
    control="user",
    sign=(
        "EACCES for another user than root; EROFS from open(2), since Docker mounts /sys read-only; "
        "EPERM from mount(2)"
    ),
    mend="drop `privileged: true` and `cap_add: [SYS_ADMIN]`; run as another user than root (`user:`)",
)
def sysfs(scene: Scene) -> Sequence[Step]:
    """/sys is the host's: power, devices, drivers, and `uevent_helper`, a program that the kernel runs as
    root.

    `uevent_helper` (where the kernel has it) or `rcu_expedited` (which every kernel of more than one
    processor has) is opened for writing and not written. A sysfs of one's own is tried too, since only
    Docker's is read-only: mounted over the attack's own directory, if need be from a new network
    namespace, and unmounted at once.

    The files belong to root, Docker mounts /sys read-only unless the container is privileged, and
    another sysfs wants SYS_ADMIN and a filter that lets mount through.
    """
    del scene
    return [
        Step("open-to-write", ("/sys/kernel/uevent_helper", "/sys/kernel/rcu_expedited")),
        Step("open-in-mount", ("sysfs", TOOL, "kernel/rcu_expedited")),
    ]
