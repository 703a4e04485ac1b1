"""Images are only taken when their publisher signed them.

With content trust the client takes only images whose signature fits the name. Without, a registry, or whoever
broke into it, hands out anything under any tag.

Mend: `DOCKER_CONTENT_TRUST=1` for everybody (`/etc/environment`), where your registry keeps such signatures; else
pin by digest, or let an admission check verify cosign signatures.

Example:

    $ echo DOCKER_CONTENT_TRUST=1 >> /etc/environment
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.host import Host
from lacre.audit.model import Finding, Severity, Word


def host(host: Host) -> Iterator[Word]:
    if not host.trust:
        yield Finding(what="the client takes images without a signature", path="content trust")


CHECK = Check(
    id="LC405",
    name="content-trust",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="4.5",
    peers=(
        "docker-bench:4.5",
        "dockle:CIS-DI-0005",
    ),
    aside=True,
    host=host,
)
