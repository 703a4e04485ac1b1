"""The host's files by way of its processes."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack


@attack(
    "host-root",
    "Reach the host's files through its processes",
    group=Group.ESCAPING,
    technique="T1611",
    control="capabilities",
    sign=(
        "EACCES from open(2): without SYS_PTRACE another user's process, or one with more "
        "capabilities, is closed"
    ),
    mend="drop `pid: host`; set `cap_drop: [ALL]` and another user than root (`user:`)",
)
def host_root(scene: Scene) -> Sequence[Step] | Nothing:
    """/proc/PID/root is the root directory of a process, as it sees it. Where the host's processes are
    visible, /proc/1/root is the host's whole file system.

    The attack opens it as a mere name (O_PATH), and if it is closed that of each other process that can be
    seen, until one has another root directory than the attack's own; nothing is read there. A container
    with processes of its own sees no others, and there is nothing to attack.

    The kernel follows the link only for somebody who might trace the process: the same user with at
    least its capabilities, or SYS_PTRACE.
    """
    if scene.own_pids:
        return Nothing("the container sees only its own processes: the first one is its own")
    return [Step("host-root")]
