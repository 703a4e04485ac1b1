"""What listens and who is reached: reported, not yet enforced."""

from __future__ import annotations

from lacre.observe.model import EPHEMERAL_PORTS, is_loopback, listening
from lacre.seal.context import Context
from lacre.seal.model import Network
from lacre.sensor import Direction, Listening, Peer

NAME = "network"

MOST_PEERS = 100


def propose(context: Context) -> Network:
    """Ports that listen outside loopback, and peers by service name where they are one of the project's."""
    ports = listening(context.profile.of(Listening))
    # the answer of a datagram server goes to its client's own port
    serves = {"udp/" for port in ports if port.startswith("udp/")}
    reaches = {
        f"{context.names.get(fact.address, fact.address)}:{fact.protocol}/{fact.port}"
        for fact in context.profile.of(Peer)
        if fact.direction is Direction.OUT
        and not is_loopback(fact.address)
        and fact.port
        and not (fact.port >= EPHEMERAL_PORTS and f"{fact.protocol}/" in serves)
    }
    return Network(listening=tuple(sorted(ports)), reaches=tuple(sorted(reaches)[:MOST_PEERS]))
