"""Making a device node."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.escaping.places import directories
from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "device-node",
    "Make a node of a block device",
    group=Group.ESCAPING,
    technique="T1611",
    control="capabilities",
    sign="EPERM from mknod(2): without MKNOD; EROFS where nothing is writable",
    mend="set `cap_drop: [ALL]`: MKNOD is one of Docker's default capabilities",
)
def device_node(scene: Scene) -> Sequence[Step]:
    """A node of a block device is the first half of reading the host's disk; the device control group is
    then all that stands before it. Docker gives MKNOD to every container that starts as root.

    In each place of the container (the root, every tmpfs, volume and bind mount, /dev) a node of the
    first RAM disk is made until one is there. It is never opened and removed at once. The twin's bind
    mounts are overlays, so no directory of the host sees it.

    Dropping MKNOD stops it everywhere; a read-only root stops it there only.
    """
    return [Step("device-node", tuple(directories(scene)))]
