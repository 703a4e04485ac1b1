"""All capabilities are dropped, and the needed ones are given back by name.

Docker gives every root container fourteen capabilities: to change owners, to read past permissions, to craft
packets, to change users. Most servers need none of them once their files belong to them; an intruder uses each.

Mend: Add `cap_drop: [ALL]`, and `cap_add` for what is needed. Which those are shows only when the application
runs: `lacre seal` finds the smallest set and proves it.

Example:

    services:
      web:
        image: web:1.4
        cap_drop: [ALL]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import capability
from lacre.audit.checks.running import in_reach, names_of, several
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    dropped = {capability(text) for text in service.cap_drop}
    if "ALL" in dropped:
        return
    unknown = [text for text in service.cap_drop if not text.known]
    if unknown:
        yield Unknown(unknown[0].why_unknown)
        return
    some = f" (only {', '.join(sorted(dropped))})" if dropped else ""
    yield service.excuse or Finding(
        what=f"Docker's default capabilities are not dropped{some}",
        place=service.cap_drop[0].place if dropped else service.at,
        path="cap_drop",
    )


def container(container: Container) -> Iterator[Word]:
    if container.inside is None:
        if container.privileged or "ALL" not in container.cap_drop:
            yield Finding(what="Docker's default capabilities are not dropped", path="capabilities")
        elif container.running:
            yield container.untold
        return
    granted = set(container.cap_add)
    if "ALL" in granted:
        yield Finding(what="all capabilities are given back", path="capabilities")
        return
    held = {name for process in container.processes for name in names_of(process.capabilities)} - granted
    gained = (
        {name for process in container.processes for name in names_of(in_reach(process))} - granted - held
    )
    if held:
        some = several(sorted(held))
        yield Finding(what=f"it holds capabilities that nobody asked for: {some}", path="capabilities")
    elif gained:
        yield Finding(
            what=f"no process has them, but a set-uid program would get capabilities: {several(sorted(gained))}",
            path="capabilities",
            severity=Severity.LOW,
        )


CHECK = Check(
    id="LC504",
    name="capabilities-dropped",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="5.4",
    peers=("compose-lint:0006", "compose-harden:cap_drop", "docker-bench:5.4"),
    aside=True,
    service=service,
    container=container,
)
