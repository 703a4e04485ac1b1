"""The managers' keys are locked on disk.

The key that encrypts the swarm's state, secrets too, lies beside it on each manager's disk. Locked, a stolen disk
or backup is worth nothing; a restarted manager then waits for the key.

Mend: `docker swarm update --autolock=true`, and keep the key elsewhere.

Example:

    $ docker swarm update --autolock=true
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.swarm import Swarm
from lacre.audit.model import Finding, Severity, Word


def swarm(swarm: Swarm) -> Iterator[Word]:
    if not swarm.autolock:
        yield Finding(what="the keys of the managers lie on disk unlocked", path="autolock")


CHECK = Check(
    id="LC705",
    name="swarm-autolock",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="7.5",
    peers=("docker-bench:7.5",),
    swarm=swarm,
)
