"""A second system call interface."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "io-uring",
    "Set up io_uring",
    group=Group.KERNEL,
    technique="T1068",
    control="syscalls",
    sign="ENOSYS or EPERM from io_uring_setup(2): the filter; EPERM where kernel.io_uring_disabled is set",
    mend=(
        "set the seal's filter: `security_opt: [seccomp=...]`, or Docker 25 or newer, whose default "
        "filter refuses it"
    ),
)
def io_uring(scene: Scene) -> Sequence[Step]:
    """io_uring makes the kernel open, read, write and connect without a system call for each: past every
    filter, and with a history of holes.

    A ring of one entry is set up and never used; it ends with the process.

    Only a filter stops it (or a sysctl of the host). Docker's own does since release 25.
    """
    del scene
    return [Step("io-uring")]
