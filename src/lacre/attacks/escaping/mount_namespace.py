"""A new mount namespace."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "mount-namespace",
    "Make a mount namespace",
    group=Group.ESCAPING,
    technique="T1611",
    control="syscalls",
    sign=(
        "EPERM from clone(2) and unshare(2), ENOSYS from clone3(2): the filter, and without SYS_ADMIN "
        "the kernel"
    ),
    mend=(
        "drop `privileged: true` or `cap_add: [SYS_ADMIN]`; set `cap_drop: [ALL]` and the seal's "
        "filter (`security_opt: [seccomp=...]`)"
    ),
)
def mount_namespace(scene: Scene) -> Sequence[Step]:
    """In a mount namespace of its own an intruder changes what programs see, out of sight of everybody
    else in the container: another /etc, another library, a writable copy of a read-only directory.

    A child is made in a new mount namespace by clone(2) and by clone3(2) and ends at once; then
    unshare(2) is tried. Nothing is mounted there.

    The kernel wants SYS_ADMIN; the seal's filter refuses the flags of clone, clone3 and unshare.
    """
    del scene
    return [Step("namespace", ("mnt",))]
