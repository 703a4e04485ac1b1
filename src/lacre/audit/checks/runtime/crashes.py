"""The container does not keep crashing.

A program that is started again and again crashes for a reason. An intruder who guesses addresses needs just that:
a fresh try each time.

Mend: Read the log of the last end (`docker logs`); bound the restarts until it is mended.

Example:

    $ docker logs --tail 50 web
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, Severity, Word

MANY = 5
"""The benchmark's own number of restarts that are enough."""


def container(container: Container) -> Iterator[Word]:
    if container.restarts > MANY:
        yield Finding(what="it was started again more than five times", path="restarts")


CHECK = Check(
    id="LC564",
    name="crashes",
    doc=__doc__,
    severity=Severity.LOW,
    container=container,
)
