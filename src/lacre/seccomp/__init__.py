"""What lacre knows about system calls: tables with a reason a row, and the pure functions over them."""

from lacre.seccomp.derive import derive, falls_back, mend, share_refused, why, why_refused
from lacre.seccomp.docker_default import DEFAULT_CAPABILITIES, allowed_by_default, unlocking
from lacre.seccomp.families import closure
from lacre.seccomp.profile import profile
from lacre.seccomp.surface import KERNEL_SURFACE

__all__ = [
    "DEFAULT_CAPABILITIES",
    "KERNEL_SURFACE",
    "allowed_by_default",
    "closure",
    "derive",
    "falls_back",
    "mend",
    "profile",
    "share_refused",
    "unlocking",
    "why",
    "why_refused",
]
