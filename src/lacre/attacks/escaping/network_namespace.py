"""A new network namespace."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "network-namespace",
    "Make a network namespace",
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
def network_namespace(scene: Scene) -> Sequence[Step]:
    """A network namespace of its own gives an intruder routes, devices and packet filters of its own, and
    with them the kernel's network code that only an administrator reaches; sysfs mounted from it is
    writable.

    A child is made in a new network namespace by clone(2) and by clone3(2) and ends at once; then
    unshare(2) is tried. It has no device but a loopback that is down.

    The kernel wants SYS_ADMIN; the seal's filter refuses the flags of clone, clone3 and unshare.
    """
    del scene
    return [Step("namespace", ("net",))]
