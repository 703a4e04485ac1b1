"""Memory is limited.

Without a limit one service takes all memory of the host, and the kernel ends whatever it likes: often a database
that did nothing wrong. An intruder needs one line to do it.

Mend: Set `mem_limit`, or `deploy.resources.limits.memory` where the file has that already. `lacre seal` takes it
from the measured peak, with room.

Example:

    services:
      web:
        image: web:1.4
        mem_limit: 512m
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    limit = service.memory
    if service.oom_kill_disable is not None and service.oom_kill_disable.true:
        yield Finding(
            what="it is never killed for want of memory: others are", place=service.oom_kill_disable.place
        )
    if limit is None:
        yield service.excuse or Finding(what="its memory has no limit", place=service.at, path="mem_limit")
    elif not limit.known:
        yield Unknown(limit.why_unknown)
    elif limit.text.strip().lower().rstrip("bkmg") in ("0", "-1"):
        yield Finding(what="its memory has no limit", place=limit.place, path=limit.path)


def container(container: Container) -> Iterator[Word]:
    if container.oom_kill_disable:
        yield Finding(what="it is never killed for want of memory: others are", path="oom_kill_disable")
    if container.inside is None:
        limit: int | None = container.memory or None
    else:
        limit = container.inside.limits.memory
    if limit is None:
        yield Finding(what="its memory has no limit", path="memory")


CHECK = Check(
    id="LC511",
    name="memory-limit",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="5.11",
    peers=("compose-lint:0026", "DockSec:no limits", "docker-bench:5.11"),
    aside=True,
    service=service,
    container=container,
)
