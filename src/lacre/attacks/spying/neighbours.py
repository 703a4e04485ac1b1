"""Moving to other services."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Group, Nothing, Scene, Step, attack

_MOST: Final = 8


@attack(
    "neighbours",
    "Connect to a service that it never needed",
    group=Group.SPYING,
    technique="T1210",
    sign="EHOSTUNREACH, ENETUNREACH or a time-out from connect(2): they share no network",
    mend="a network for each pair of services that talk to each other (networks:), not one for all",
    by_design="every container of a Compose network reaches every port of the others; a seal names who really talks to"
    " whom, and does not rewrite networks yet",
)
def neighbours(scene: Scene) -> Sequence[Step] | Nothing:
    """From a web server the way leads to the database, the cache and the administrator's page on the same network.

    The attack opens a TCP connection to ports of other services of the twin's project that this service was never
    seen to speak to, and closes it without a word.

    Networks stop it: services that share none do not reach each other.
    """
    if not scene.neighbours:
        return Nothing("it is alone in its project")
    found = [
        Step("connect", (other.address, str(port)))
        for other in scene.neighbours
        for port in other.ports
        if port not in other.needed
    ]
    return found[:_MOST] or Nothing("it needs every port of every other service")
