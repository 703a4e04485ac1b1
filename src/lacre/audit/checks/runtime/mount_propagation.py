"""No mount is shared back to the host.

With `shared` propagation what the container mounts appears on the host too, over whatever is there; an intruder
hides or replaces the host's files that way.

Mend: Leave the propagation out, or use `rslave`: then the host's later mounts appear in the container, and nothing
goes the other way.

Example:

    services:
      backup:
        volumes: ["/srv/data:/data:ro,rslave"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    for mount in service.mounts:
        if mount.propagation in ("shared", "rshared"):
            yield Finding(
                what=f"what it mounts at {mount.target} appears on the host",
                place=mount.place,
                path=mount.path,
            )


def container(container: Container) -> Iterator[Word]:
    for mount in container.mounts:
        if mount.propagation in ("shared", "rshared"):
            yield Finding(what=f"what it mounts at {mount.target} appears on the host", path=mount.path)


CHECK = Check(
    id="LC520",
    name="mount-propagation",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="5.20",
    peers=("compose-lint:0017", "docker-bench:5.20"),
    service=service,
    container=container,
)
