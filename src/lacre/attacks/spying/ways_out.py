"""Ways out of the project's networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack

METADATA: Final = "169.254.169.254"  # of every large cloud: credentials of the machine, for whoever asks


@attack(
    "ways-out",
    "Reach the host and the cloud's metadata",
    group=Group.SPYING,
    technique="T1552.005",
    sign="ENETUNREACH from connect(2): there is no route",
    mend="internal: true on the networks of services that need nothing outside; IMDSv2 with a hop limit of 1",
    by_design="networks are not part of a seal yet: whoever has a route uses it",
)
def ways_out(scene: Scene) -> Sequence[Step] | Nothing:
    """The cloud's metadata address gives the machine's own credentials to whoever asks; the gateway is the host.

    The attack only asks the container's kernel for the route, by connecting a datagram socket. No packet is sent.

    A network without a way out (`internal: true`) stops it, or a firewall of the host.
    """
    if scene.closed:
        return Nothing("the twin's networks are closed, so nothing can be told about the original's")
    return [Step("route", (address,)) for address in (scene.gateway, METADATA) if address]
