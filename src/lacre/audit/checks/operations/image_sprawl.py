"""Images that nothing uses are removed.

An image that lies here can be started, with all its old holes, by its name alone; and among hundreds nobody sees
the one that does not belong.

Mend: `docker image prune --all --filter until=720h` now and then, or by a timer.

Example:

    $ docker image prune --all --filter until=720h
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Severity, Word

MANY = 20
"""So many unused images are kept for no reason."""


def daemon(daemon: Daemon) -> Iterator[Word]:
    if len(daemon.unused) > MANY:
        nameless = f", {len(daemon.dangling)} have no name" if daemon.dangling else ""
        yield Finding(
            what=f"{len(daemon.unused)} of {daemon.images} images are used by no container{nameless}",
            path="images",
        )


CHECK = Check(
    id="LC601",
    name="image-sprawl",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="6.1",
    peers=("docker-bench:6.1",),
    daemon=daemon,
)
