"""Processor time is limited.

Without a limit one service that loops, is flooded, or mines coins for somebody takes every core from the others.

Mend: Set `cpus`, or `deploy.resources.limits.cpus` where the file has that already.

Example:

    services:
      web:
        image: web:1.4
        cpus: 2
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word

_DEFAULT_SHARES = 1024


def service(service: Service) -> Iterator[Word]:
    limit = service.cpus
    if limit is None:
        yield service.excuse or Finding(what="its processor time has no limit", place=service.at, path="cpus")
    elif not limit.known:
        yield Unknown(limit.why_unknown)
    elif limit.text.strip().strip("0.") == "" or limit.text.strip() == "-1":
        yield Finding(what="its processor time has no limit", place=limit.place, path=limit.path)


def container(container: Container) -> Iterator[Word]:
    limit = container.cpus or None if container.inside is None else container.inside.limits.cpus
    # Shares bind only while others want the processor too; the benchmark takes them as an answer.
    if limit is None and container.cpu_shares in (0, _DEFAULT_SHARES):
        yield Finding(what="its processor time has no limit", path="cpus")


CHECK = Check(
    id="LC512",
    name="cpu-limit",
    doc=__doc__,
    severity=Severity.LOW,
    mend=Mend.PROOF,
    cis="5.12",
    peers=("compose-lint:0026", "DockSec:no limits", "docker-bench:5.12"),
    aside=True,
    service=service,
    container=container,
)
