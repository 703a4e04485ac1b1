"""Certificates of nodes do not live long.

The certificate of a node that was stolen, or taken out badly, is good until it ends.

Mend: `docker swarm update --cert-expiry 720h0m0s`; nodes renew theirs by themselves.

Example:

    $ docker swarm update --cert-expiry 720h0m0s
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.swarm import Swarm
from lacre.audit.model import Finding, Severity, Unknown, Word

MOST = 90.0
"""Days: the engine's own default."""


def swarm(swarm: Swarm) -> Iterator[Word]:
    if not swarm.certificate_days:
        yield Unknown("the manager does not say how long they live")
    elif swarm.certificate_days > MOST:
        yield Finding(what=f"they live {swarm.certificate_days:.0f} days", path="cert-expiry")


CHECK = Check(
    id="LC707",
    name="swarm-certificates",
    doc=__doc__,
    severity=Severity.LOW,
    cis="7.7",
    peers=("docker-bench:7.7",),
    swarm=swarm,
)
