"""No service shares the host's name.

With the host's UTS namespace, and SYS_ADMIN, a container renames the host: logs, clusters and certificates that go
by that name are wrong from then on.

Mend: Take `uts: host` away; `hostname:` gives the container a name of its own.

Example:

    services:
      web:
        hostname: web-1
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_host
from lacre.audit.checks.running import shares
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from is_host(service.uts, "it shares the host's name")


def container(container: Container) -> Iterator[Word]:
    yield from shares(container, "uts", container.uts, "it has the host's name")


CHECK = Check(
    id="LC521",
    name="host-uts",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="5.21",
    peers=("compose-lint:0010", "DockSec:host namespace", "docker-bench:5.21"),
    service=service,
    container=container,
)
