"""The control groups of the host."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack
from lacre.attacks.stage import TOOL


@attack(
    "control-groups",
    "Reach the control groups",
    group=Group.ESCAPING,
    technique="T1611",
    control="syscalls",
    sign="EPERM from mount(2): the filter refuses the call, and without SYS_ADMIN the kernel does too",
    mend=(
        "drop `privileged: true` or `cap_add: [SYS_ADMIN]`; set `cap_drop: [ALL]` and the seal's "
        "filter (`security_opt: [seccomp=...]`)"
    ),
)
def control_groups(scene: Scene) -> Sequence[Step]:
    """The classic way out of a container that may mount. In version 1 of the control groups the file
    `release_agent` at the root of a hierarchy names a program that the host's kernel runs as root when
    a group becomes empty. In version 2 the intruder reaches its own group's files: it moves out of its
    limits, or other processes into them.

    Version 1: a hierarchy that the host has mounted already is mounted over the attack's own directory
    (to mount one that is not would make it), `release_agent` is opened for writing and not written.
    Version 2: the same with `cgroup.procs`. Then all is unmounted.

    Nothing can be mounted without SYS_ADMIN or under the seal's filter; the control groups that Docker
    mounts itself are read-only.
    """
    return [Step("control-groups", (str(scene.cgroup), TOOL))]
