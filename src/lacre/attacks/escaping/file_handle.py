"""Opening a file by its number."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "file-handle",
    "Open any file of the host by its number (Shocker)",
    group=Group.ESCAPING,
    technique="T1611",
    control="capabilities",
    sign=(
        "EPERM from open_by_handle_at(2): without DAC_READ_SEARCH the kernel refuses, and the filter "
        "does not have the call"
    ),
    mend="drop `cap_add: [DAC_READ_SEARCH]`: set `cap_drop: [ALL]`",
)
def file_handle(scene: Scene) -> Sequence[Step]:
    """A file handle is little more than an inode number. Every file that the engine mounts into a
    container (/etc/hosts, a volume) lies on the host's file system, and by numbers an intruder opens
    all others on it: the Shocker escape of 2014.

    The attack opens its own program by its handle. Where none can be had, it opens a handle of no file:
    the kernel asks for DAC_READ_SEARCH first and says ESTALE only to somebody who may.

    The kernel wants DAC_READ_SEARCH; the seal's filter does not have the call.
    """
    del scene
    return [Step("file-handle")]
