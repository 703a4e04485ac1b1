"""The kernel's settings."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack

_FILES = (
    "/proc/sys/kernel/modprobe",
    "/proc/sys/fs/binfmt_misc/register",
    "/proc/sys/vm/overcommit_memory",  # the one that is always there
)


@attack(
    "sysctl",
    "Change a setting of the host's kernel",
    group=Group.ESCAPING,
    technique="T1611",
    control="user",
    sign="EACCES for another user than root; EROFS from Docker's mask for root",
    mend=(
        "drop `security_opt: [systempaths=unconfined]` and `privileged: true`; run as another user "
        "than root (`user:`)"
    ),
)
def sysctl(scene: Scene) -> Sequence[Step]:
    """Most of /proc/sys is one for the whole machine. Some of it runs programs as root on the host
    (`kernel.modprobe`, the register of `binfmt_misc`), the rest decides how the host shares its memory.

    These two and `vm.overcommit_memory`, which every kernel has, are opened for writing until one
    opens; none is written.

    They belong to root, and Docker mounts /proc/sys read-only unless the container is privileged or its
    `systempaths` are unconfined.
    """
    del scene
    return [Step("open-to-write", _FILES)]
