"""No session runs as root beside an application that does not.

A shell of root in the container of an ordinary user leaves files that belong to root, and can be taken over by
what is in the container.

Mend: `docker exec` without `--user`, which takes the container's own; end the session.

Example:

    $ docker exec web sh
"""

from collections.abc import Iterator

from lacre.audit import programs
from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, NotApplicable, Severity, Word


def container(container: Container) -> Iterator[Word]:
    main = container.main
    if main is None:
        yield container.untold
    elif main.uid == 0:
        yield NotApplicable("its application runs as root itself")
    else:
        own = {process.pid for process in programs.started_inside(container.processes)}
        for process in container.processes:
            if process.pid not in own and process.uid == 0:
                yield Finding(what=f"{process.name} was started from outside as root", path="session")


CHECK = Check(
    id="LC524",
    name="session-root",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="5.24",
    peers=("docker-bench:5.24",),
    container=container,
)
