"""Swarm is on only where it is used.

A node of a swarm opens ports to the others, keeps keys, and takes orders from every manager. One that runs no
service of the swarm has all that for nothing.

Mend: `docker swarm leave --force`, where no service runs.

Example:

    $ docker swarm leave --force
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Severity, Unknown, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if not daemon.swarm:
        return
    if daemon.swarm_services is None:
        yield Unknown("only a manager knows whether the swarm has services")
    elif not daemon.swarm_services:
        yield Finding(what="Swarm is on, and has no service", path="swarm")


CHECK = Check(
    id="LC501",
    name="swarm-needed",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="5.1",
    peers=("docker-bench:5.1",),
    daemon=daemon,
)
