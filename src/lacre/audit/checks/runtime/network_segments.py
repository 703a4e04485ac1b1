"""Services that need not talk to each other are on different networks.

On one network the web server that is broken into reaches the cache, the queue and the database of everybody. With
three services and more it nearly always can be narrower.

Mend: One network for each pair or layer; `internal: true` for those that need nothing outside. `lacre seal` reports
which services really talk to which.

Example:

    services:
      web: {image: web:1.4, networks: [front, back]}
      db: {image: db:16, networks: [back]}
    networks:
      front: {}
      back: {internal: true}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, NotApplicable, Severity, Word

_FEW = 2  # neighbours with which one network may be all that is needed


def service(service: Service) -> Iterator[Word]:
    if service.excuse:
        yield service.excuse
    elif service.neighbours < _FEW:
        yield NotApplicable("the project has fewer than three services")
    elif service.network_mode is not None:
        yield NotApplicable("it has no network of the project")
    elif not service.networks or [network.text for network in service.networks] == ["default"]:
        yield Finding(what="it is on the one network of the whole project", place=service.at, path="networks")


CHECK = Check(
    id="LC552",
    name="network-segments",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    peers=("DockSec:no network segmentation",),
    aside=True,
    service=service,
)
