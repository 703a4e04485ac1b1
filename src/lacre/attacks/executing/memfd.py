"""Executing a program that was never a file."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "memfd",
    "Execute a program that was never a file",
    group=Group.EXECUTING,
    technique="T1620",
    control="syscalls",
    sign="EPERM from memfd_create(2): the filter refuses the call",
    mend="security_opt: [seccomp=…] with a profile that has neither memfd_create nor execveat",
)
def memfd(scene: Scene) -> Sequence[Step]:
    """Anonymous memory is executable wherever it is allowed: read-only roots and noexec mounts do not reach it.

    The attack copies its own program into such memory (memfd_create) and executes it; it says that it ran, and the
    memory goes with it.

    Docker's default filter allows it; only a filter that knows what the application needs can refuse it.
    """
    del scene
    return [Step("memfd")]
