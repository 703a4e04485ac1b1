"""Managers listen on one address.

The port of the managers takes orders for the whole swarm. On all addresses it is also on the network of the users,
or on the internet.

Mend: `docker swarm init --listen-addr ADDRESS:2377` on the network of the nodes; a swarm that is there has to be
left and joined again.

Example:

    $ docker swarm init --advertise-addr 10.0.0.5 --listen-addr 10.0.0.5:2377
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.swarm import Swarm
from lacre.audit.model import Finding, Severity, Unknown, Word


def swarm(swarm: Swarm) -> Iterator[Word]:
    if swarm.listening is None:
        yield Unknown("the listening sockets of the engine's host cannot be read from here")
    elif not swarm.listening:
        yield Unknown(
            "nothing listens on the managers' port 2377: they use another, or it cannot be seen from here"
        )
    elif any(address in ("0.0.0.0", "::") for address in swarm.listening):  # noqa: S104 - what is looked for
        yield Finding(what="the managers' port 2377 is open on all addresses", path="listen")


CHECK = Check(
    id="LC702",
    name="swarm-address",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="7.2",
    peers=("docker-bench:7.2",),
    swarm=swarm,
)
