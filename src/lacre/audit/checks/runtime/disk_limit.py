"""What the container writes beside its volumes is bounded.

What is written into the container's own layer fills the disk on which all images and containers lie.

Mend: A read-only root leaves nothing to write there. Else `storage_opt: {size: 10G}`, where the storage driver can
(overlay2 on xfs with project quotas, btrfs, zfs).

Example:

    services:
      web:
        read_only: true
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, Mend, Severity, Word


def container(container: Container) -> Iterator[Word]:
    if not container.read_only and not container.disk:
        yield Finding(what="its own layer grows without end", path="disk")


CHECK = Check(
    id="LC569",
    name="disk-limit",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    mend=Mend.PROOF,
    aside=True,
    container=container,
)
