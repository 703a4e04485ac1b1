"""A swarm has as many managers as it needs, and no more.

Managers agree by majority: an even number bears no more losses than the odd one below it, one alone takes the
swarm with it, and each is a machine that holds all secrets.

Mend: Three managers, or five; `docker node demote` and `promote`.

Example:

    $ docker node promote node2 node3
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.swarm import Swarm
from lacre.audit.model import Finding, Severity, Word

MOST = 7
"""More slow each decision down, and keep the secrets in more places."""


def swarm(swarm: Swarm) -> Iterator[Word]:
    if swarm.managers % 2 == 0:
        yield Finding(
            what=f"{swarm.managers} managers bear no more losses than {swarm.managers - 1}", path="managers"
        )
    elif swarm.managers > MOST:
        yield Finding(what=f"{swarm.managers} managers hold all secrets", path="managers")
    elif swarm.managers == 1 and swarm.nodes > 2:
        yield Finding(what=f"one manager of {swarm.nodes} nodes takes the swarm with it", path="managers")


CHECK = Check(
    id="LC701",
    name="swarm-managers",
    doc=__doc__,
    severity=Severity.LOW,
    cis="7.1",
    peers=("docker-bench:7.1",),
    swarm=swarm,
)
