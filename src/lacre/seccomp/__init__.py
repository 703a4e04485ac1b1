"""What lacre knows about system calls: tables with a reason a row, and the pure functions over them."""

from lacre.seccomp.derive import derive, falls_back, mend, share_refused, why, why_refused
from lacre.seccomp.docker_default import DEFAULT_CAPABILITIES, allowed_by_default, unlocking
from lacre.seccomp.families import closure
from lacre.seccomp.profile import profile
from lacre.seccomp.sockets import (
    SOCKET_CALLS,
    SOCKET_KIND,
    call_and_kind,
    derive_sockets,
    is_rare,
    mend_sockets,
    socket_kind,
    socket_tests,
    why_socket_refused,
)
from lacre.seccomp.surface import KERNEL_SURFACE

__all__ = [
    "DEFAULT_CAPABILITIES",
    "KERNEL_SURFACE",
    "SOCKET_CALLS",
    "SOCKET_KIND",
    "allowed_by_default",
    "call_and_kind",
    "closure",
    "derive",
    "derive_sockets",
    "falls_back",
    "is_rare",
    "mend",
    "mend_sockets",
    "profile",
    "share_refused",
    "socket_kind",
    "socket_tests",
    "unlocking",
    "why",
    "why_refused",
    "why_socket_refused",
]
