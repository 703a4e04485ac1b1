"""Every published port is served.

A port that is published and that nothing answers is open for whatever listens there next: a debugger, a back door,
the next version's administration.

Mend: Take the port away.

Example:

    services:
      web:
        ports: ["127.0.0.1:8080:8080"]   # and not the metrics that were switched off
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.model import Confidence, Finding, NotApplicable, Severity, Word


def container(container: Container) -> Iterator[Word]:
    listening = container.inside.listening if container.inside is not None else None
    if not container.ports:
        yield NotApplicable("it publishes no port")
    elif listening is None:
        yield container.untold
    else:
        for port in container.ports:
            if f"{port.protocol}/{port.target}" not in listening:
                yield Finding(
                    what=f"nothing in it listens on its published port {port.target}/{port.protocol}",
                    path=f"port {port.target}",
                )


CHECK = Check(
    id="LC509",
    name="served-ports",
    doc=__doc__,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    level=2,
    cis="5.9",
    peers=("docker-bench:5.9",),
    container=container,
)
