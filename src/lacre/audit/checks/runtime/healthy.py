"""The container works.

Its own health check says that it does not. What is broken and goes on running hides an attack, or is one that went
wrong.

Mend: `docker inspect --format '{{json .State.Health}}' NAME` shows what the check said.

Example:

    $ docker inspect --format '{{json .State.Health}}' web
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, NotApplicable, Severity, Unknown, Word


def container(container: Container) -> Iterator[Word]:
    if not container.running:
        yield NotApplicable("it does not run")
    elif not container.health:
        yield NotApplicable("it has no health check")
    elif container.health == "starting":
        yield Unknown("it is still starting")
    elif container.health == "unhealthy":
        yield Finding(what="its health check fails", path="health")


CHECK = Check(
    id="LC563",
    name="healthy",
    doc=__doc__,
    severity=Severity.LOW,
    container=container,
)
