"""What the engine's file says is in force.

A file that cannot be read keeps the engine from starting again; one that was changed after the start says what
will hold, not what holds. Whoever reads it believes otherwise.

Mend: Mend the file (`dockerd --validate`), and restart or reload the engine.

Example:

    $ dockerd --validate --config-file /etc/docker/daemon.json
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, NotApplicable, Severity, Unknown, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    facts = daemon.facts
    if not daemon.local:
        yield Unknown("the engine runs on another machine")
    elif facts.broken:
        yield Finding(
            what=f"{facts.config} cannot be read: {facts.broken}",
            path="daemon.json",
            severity=Severity.MEDIUM,
        )
    elif facts.text is None:
        yield NotApplicable("it has no file")
    elif facts.stale:
        yield Finding(what=f"{facts.config} was changed after the engine started", path="daemon.json")


CHECK = Check(
    id="LC221",
    name="engine-configuration",
    doc=__doc__,
    severity=Severity.LOW,
    daemon=daemon,
)
