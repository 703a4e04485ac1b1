"""The seccomp profile of one service as the text of a file."""

from __future__ import annotations

import json

from lacre.seal.model import ServiceSeal
from lacre.seccomp import profile


def seccomp(seal: ServiceSeal) -> str:
    """JSON for `--security-opt seccomp=FILE`, one name a line, the same text for the same seal."""
    policy = profile(
        seal.syscalls.allowed, seal.capabilities.add, (seal.image.architecture,), seal.syscalls.sockets
    )
    return json.dumps(policy, indent=2) + "\n"
