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
)
