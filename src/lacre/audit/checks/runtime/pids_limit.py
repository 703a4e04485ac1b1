"""The number of processes is limited.

Without a limit a fork bomb, or a server that leaks children, fills the host's table of processes: then nobody can
log in to end it.

Mend: Set `pids_limit`, or `deploy.resources.limits.pids` where the file has limits there already.

Example:

    services:
      web:
        image: web:1.4
        pids_limit: 256
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    limit = service.pids
    if limit is None:
        yield service.excuse or Finding(
            what="its processes have no limit", place=service.at, path="pids_limit"
        )
    elif not limit.known:
        yield Unknown(limit.why_unknown)
    elif limit.text.strip() in ("0", "-1"):
        yield Finding(what="its processes have no limit", place=limit.place, path=limit.path)


def container(container: Container) -> Iterator[Word]:
    limit = container.pids or None if container.inside is None else container.inside.limits.pids
    if limit is None:
        yield Finding(what="its processes have no limit", path="pids")


CHECK = Check(
    id="LC529",
    name="pids-limit",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="5.29",
    peers=("DockSec:no limits", "docker-bench:5.29"),
    aside=True,
    service=service,
    container=container,
)
