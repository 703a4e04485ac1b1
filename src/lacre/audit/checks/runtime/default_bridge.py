"""No service is on Docker's default bridge.

On `docker0` every container of the host that names no network reaches every other one, of whatever project, and
none has a name. A network of the project's own keeps others out.

Mend: Take `network_mode: bridge` away: Compose makes a network for the project.

Example:

    services:
      web:
        networks: [front]
    networks:
      front: {}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    mode = service.network_mode
    if mode is not None and not mode.known:
        yield Unknown(mode.why_unknown)
    elif mode is not None and mode.text in ("bridge", "default"):
        yield Finding(
            what="it is on the bridge that all other projects may be on",
            place=mode.place,
            path="network_mode",
        )


def container(container: Container) -> Iterator[Word]:
    if "bridge" in container.networks:
        yield Finding(what="it is on the bridge that all other projects may be on", path="network")


CHECK = Check(
    id="LC530",
    name="default-bridge",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="5.30",
    peers=("docker-bench:5.30",),
    service=service,
    container=container,
)
