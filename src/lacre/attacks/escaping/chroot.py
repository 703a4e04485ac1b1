"""Changing the root directory."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "chroot",
    "Change the root directory",
    group=Group.ESCAPING,
    technique="T1611",
    control="capabilities",
    sign=(
        "EPERM from chroot(2): without SYS_CHROOT the kernel refuses, and the filter does not have the call"
    ),
    mend="set `cap_drop: [ALL]`: SYS_CHROOT is one of Docker's default capabilities",
)
def chroot(scene: Scene) -> Sequence[Step]:
    """A process that may change its root directory can leave one that it was put into (a chroot is no
    jail), and runs set-user-ID programs on libraries and configuration of its own. Docker gives
    SYS_CHROOT to every container that starts as root.

    The attack changes the root directory of its own process to the one it has already, and ends.

    Dropping SYS_CHROOT stops it; the seal's filter does not have the call either.
    """
    del scene
    return [Step("chroot")]
