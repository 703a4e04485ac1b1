"""No service is privileged.

A privileged container has all capabilities, all devices of the host, no system call filter and no AppArmor or
SELinux profile. Mounting the host's disk from inside is one command.

Mend: Take `privileged` away and give what the program really needs: one device, one capability. `lacre seal`
finds out which by running the application.

Example:

    services:
      vpn:
        cap_add: [NET_ADMIN]
        devices: ["/dev/net/tun"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_on
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from is_on(service.privileged, "it is privileged: the host is one command away")
    for hook in service.hooks_privileged:
        yield from is_on(hook, "a hook of it runs privileged, as docker exec --privileged does")


def container(container: Container) -> Iterator[Word]:
    if container.privileged:
        yield Finding(what="it is privileged: the host is one command away", path="privileged")


CHECK = Check(
    id="LC505",
    name="privileged",
    doc=__doc__,
    severity=Severity.CRITICAL,
    mend=Mend.PROOF,
    cis="5.5",
    peers=(
        "compose-lint:0002",
        "compose-harden:privileged",
        "semgrep:privileged-service",
        "DockSec:privileged",
        "docker-bench:5.5",
    ),
    service=service,
    container=container,
)
