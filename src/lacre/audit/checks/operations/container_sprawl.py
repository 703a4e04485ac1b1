"""Containers that do not run are removed.

A stopped container keeps its files, its environment with its secrets, and can be started again as it was, without
whatever was mended since.

Mend: `docker container prune`; start one-off work with `--rm`.

Example:

    $ docker container prune --filter until=168h
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Severity, Word

MANY = 10
"""So many stopped containers are left behind for no reason."""


def daemon(daemon: Daemon) -> Iterator[Word]:
    if len(daemon.stopped) > MANY:
        yield Finding(
            what=f"{len(daemon.stopped)} of {daemon.containers} containers do not run", path="containers"
        )


CHECK = Check(
    id="LC602",
    name="container-sprawl",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="6.2",
    peers=("docker-bench:6.2",),
    daemon=daemon,
)
