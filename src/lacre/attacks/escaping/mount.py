"""Mounting."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "mount",
    "Mount a file system",
    group=Group.ESCAPING,
    technique="T1611",
    control="syscalls",
    sign="EPERM from mount(2): the filter refuses the call, and without SYS_ADMIN the kernel does too",
    mend="drop SYS_ADMIN (cap_drop: [ALL]) and let the seal's filter refuse mount",
)
def mount(scene: Scene) -> Sequence[Step]:
    """Who may mount reaches the host's disks, the control groups and everything that Docker masks in /proc.

    The attack mounts a tmpfs of one page over its own directory, which nobody else uses, and unmounts it at once.
    """
    del scene
    return [Step("mount", ("/.lacre",))]
