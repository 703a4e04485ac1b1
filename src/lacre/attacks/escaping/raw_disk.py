"""Opening the host's disk."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.escaping.places import directories
from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "raw-disk",
    "Open a disk of the host",
    group=Group.ESCAPING,
    technique="T1006",
    control="capabilities",
    sign=(
        "EPERM from mknod(2) without MKNOD; EPERM from open(2) by the device control group; EACCES "
        "for a node that is there"
    ),
    mend="set `cap_drop: [ALL]`; drop `privileged: true`, `devices:` of disks and `device_cgroup_rules:`",
)
def raw_disk(scene: Scene) -> Sequence[Step]:
    """Who can open the disk under the host's file system reads and changes every file on it, past every
    permission.

    The disks are those of /proc/partitions, which no namespace hides (loop, RAM and optical ones left
    out). Each is tried by the node that /dev has of it, and by a node made in each place of the
    container and removed at once. An opened disk is closed again: O_RDONLY, not one byte is read.

    Dropping MKNOD takes the node away, the engine's device control group refuses to open it, and a
    mount with `nodev` has no devices.
    """
    return [Step("raw-disk", tuple(directories(scene)))]
