"""What root can do, once somebody has become it."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack


@attack(
    "root-reach",
    "Become root by a flaw, and reach over other users' processes",
    group=Group.EXECUTING,
    technique="T1068",
    control="capabilities",
    sign="EPERM from kill(2): without KILL, root is a user like any other",
    mend="drop all capabilities (cap_drop: [ALL]); add back only what the seal names",
)
def root_reach(scene: Scene) -> Sequence[Step] | Nothing:
    """A flaw in the kernel or in a helper can make an intruder root in the container, whoever the application
    runs as. What root may do then is what the container's bounding set leaves: with Docker's default, root may change
    any file, kill any process, make device nodes and speak raw packets.

    So this attack is the one that does not have the application's credentials. lacre itself enters the container's
    namespaces from the host, as root within the container's bounding set, and sends signal 0 to the application's
    process: that asks for permission and does nothing.

    Without capabilities root is the owner of its own files and processes, and a stranger to all others.
    """
    if scene.uid == 0:
        return Nothing("the application is root itself: the other attacks are tried with its capabilities")
    return [Step("signal", (str(scene.process),), as_root=True)]
