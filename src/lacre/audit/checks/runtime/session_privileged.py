"""No session has more privileges than its container.

`docker exec --privileged` puts a process with all capabilities beside the application, in the same file system and
under the same user: who is in the container has it too.

Mend: End it. What needs privileges is done from the host, or in a container made for it.

Example:

    $ docker exec web sh
"""

from collections.abc import Iterator

from lacre.audit import programs
from lacre.audit.check import Check
from lacre.audit.checks.running import in_reach
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, Severity, Word


def container(container: Container) -> Iterator[Word]:
    for session in container.sessions:
        if session.privileged and not container.privileged:
            yield Finding(what=f"a privileged session runs in it ({session.program})", path="session")
    if container.inside is None:
        yield container.untold
        return
    own = {process.pid for process in programs.started_inside(container.processes)}
    main = container.processes[0]
    for process in container.processes:
        if process.pid not in own and in_reach(process) & ~main.bounding:
            yield Finding(
                what=f"{process.name}, started from outside, holds more than the container may",
                path="session",
            )


CHECK = Check(
    id="LC523",
    name="session-privileged",
    doc=__doc__,
    severity=Severity.HIGH,
    cis="5.23",
    peers=("docker-bench:5.23",),
    container=container,
)
