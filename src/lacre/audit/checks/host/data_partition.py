"""The engine's data has a file system of its own.

Images, logs and volumes grow until the disk is full. On the file system of the host that stops everything, the log
that would say why too.

Mend: Mount a volume at the engine's data directory before the engine starts for the first time, or move the data
there.

Example:

    /dev/vg0/docker  /var/lib/docker  ext4  defaults,nodev  0 2
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.host import Host
from lacre.audit.model import Finding, Severity, Unknown, Word


def host(host: Host) -> Iterator[Word]:
    if host.data_apart is None or not host.data_root:
        yield Unknown("the mounts of this host cannot be read, or the engine does not say where its data is")
    elif not host.data_apart:
        yield Finding(what=f"{host.data_root} is on the file system of the host", path="partition")


CHECK = Check(
    id="LC101",
    name="data-partition",
    doc=__doc__,
    severity=Severity.LOW,
    cis="1.1.1",
    peers=("docker-bench:1.1.1",),
    host=host,
)
