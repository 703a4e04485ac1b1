"""The root file system is read-only.

What cannot be written cannot be replaced: no dropped program, no changed configuration, no web shell beside the
pages. What the application writes gets a tmpfs or a volume, and nothing else can be written.

Mend: Add `read_only: true` with a `tmpfs` or volume for each directory that is written. Which those are shows only
when the application runs: `lacre seal` finds them and proves the result.

Example:

    services:
      web:
        image: web:1.4
        read_only: true
        tmpfs: ["/tmp:size=64m"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    setting = service.read_only
    if setting is None:
        yield service.excuse or Finding(what="its root can be written", place=service.at, path="read_only")
    elif not setting.known:
        yield Unknown(setting.why_unknown)
    elif not setting.true:
        yield Finding(what="its root can be written", place=setting.place, path="read_only")


def container(container: Container) -> Iterator[Word]:
    roots = [mount for mount in container.inside.mounts if mount.path == "/"] if container.inside else []
    writable = any("ro" not in mount.options for mount in roots) if roots else not container.read_only
    if writable:
        yield Finding(what="its root can be written", path="read_only")


CHECK = Check(
    id="LC513",
    name="read-only-root",
    doc=__doc__,
    severity=Severity.LOW,
    mend=Mend.PROOF,
    cis="5.13",
    peers=(
        "compose-lint:0007",
        "compose-harden:read_only",
        "compose-harden:tmpfs",
        "semgrep:writable-filesystem-service",
        "DockSec:writable root fs",
        "docker-bench:5.13",
    ),
    aside=True,
    service=service,
    container=container,
)
