"""Every check, by name. A new one is a file under `checks/` and a line here."""

from __future__ import annotations

from lacre.audit.check import Check
from lacre.audit.checks.runtime import docker_socket

CHECKS: tuple[Check, ...] = (docker_socket.CHECK,)

BY_ID = {check.id: check for check in CHECKS}
