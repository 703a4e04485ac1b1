"""No port of the host below 1024 is taken without need.

Low ports of the host carry the trust of the host itself: SSH, mail, names, directories. 80 and 443 are what web
servers are for, and pass.

Mend: Publish on a high port, behind the one proxy that has 80 and 443.

Example:

    services:
      mail:
        ports: ["127.0.0.1:2525:25"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Severity, Word

_EXPECTED = frozenset({80, 443})


def service(service: Service) -> Iterator[Word]:
    for port in service.ports:
        first = port.published.partition("-")[0]
        if first.isdecimal() and 0 < int(first) < 1024 and int(first) not in _EXPECTED:
            yield Finding(what=f"it takes port {first} of the host", place=port.place, path=port.path)


def container(container: Container) -> Iterator[Word]:
    for port in container.ports:
        number = int(port.published) if port.published.isdecimal() else 0
        if 0 < number < 1024 and number not in _EXPECTED:
            yield Finding(what=f"it takes port {number} of the host", path=f"port {number}")


CHECK = Check(
    id="LC508",
    name="low-ports",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="5.8",
    peers=("docker-bench:5.8",),
    service=service,
    container=container,
)
