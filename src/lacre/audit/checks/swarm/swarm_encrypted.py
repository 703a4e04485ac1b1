"""Traffic between nodes is encrypted.

Packets of an overlay network go from node to node as they are, unless its data plane is encrypted: whoever is on
that network reads and changes them.

Mend: Make the network anew with `--opt encrypted`; it costs processor time on each packet.

Example:

    $ docker network create --driver overlay --opt encrypted back
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.swarm import Swarm
from lacre.audit.model import Finding, NotApplicable, Severity, Word


def swarm(swarm: Swarm) -> Iterator[Word]:
    if not swarm.encrypted:
        yield NotApplicable("there is no overlay network")
    for name, encrypted in swarm.encrypted.items():
        if not encrypted:
            yield Finding(what=f"the overlay network {name} is not encrypted", path=f"network {name}")


CHECK = Check(
    id="LC703",
    name="swarm-encrypted",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="7.3",
    peers=("docker-bench:7.3",),
    swarm=swarm,
)
