"""A new user namespace."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "user-namespace",
    "Make a user namespace",
    group=Group.ESCAPING,
    technique="T1068",
    control="syscalls",
    sign=(
        "EPERM from clone(2) and unshare(2), ENOSYS from clone3(2): the filter; ENOSPC where "
        "user.max_user_namespaces is 0"
    ),
    mend="set the seal's filter: `security_opt: [seccomp=...]`",
)
def user_namespace(scene: Scene) -> Sequence[Step]:
    """In a user namespace of its own any process is root with all capabilities over the namespace: mounts,
    network devices and packet filters, the code in which most holes of the kernel of the last ten years
    were found. No capability is asked for it, so dropping them does not help.

    A child is made in a new user namespace by clone(2) and by clone3(2), ends at once, and the process
    moves into one by unshare(2); whatever works first is enough. The namespace ends with its process.

    Only a filter stops it: it must refuse unshare, look at the flags of clone, and refuse clone3, whose
    flags it cannot see. (Or a sysctl of the host, for everybody.)
    """
    del scene
    return [Step("namespace", ("user",))]
