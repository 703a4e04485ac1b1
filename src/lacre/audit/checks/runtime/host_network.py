"""No service uses the host's network.

In the host's network namespace a container listens on the host's own addresses, reaches everything that is bound
to loopback only (databases, metadata, the engine's own port), and can read the host's traffic with NET_RAW, which
it has by default. No published port and no network of Docker means anything any more.

Mend: Use a bridge network and publish the ports that are needed.

Example:

    services:
      web:
        networks: [front]
        ports: ["127.0.0.1:8080:8080"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_host
from lacre.audit.checks.running import shares
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from is_host(service.network_mode, "it is in the host's network")
    for network in service.networks:
        if network.text == "host":
            yield Finding(what="it is in the network named host", place=network.place, path=network.path)


def container(container: Container) -> Iterator[Word]:
    yield from shares(container, "net", container.network_mode, "it is on the host's own network")


CHECK = Check(
    id="LC510",
    name="host-network",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.10",
    peers=(
        "compose-lint:0008",
        "compose-harden:host_network",
        "DockSec:host network",
        "docker-bench:5.10",
    ),
    service=service,
    container=container,
)
