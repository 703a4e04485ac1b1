"""The storage driver is one that is still mended.

aufs was never part of the kernel and is gone from the engine; devicemapper and the first overlay are gone since;
devicemapper on loop files loses data. What nobody mends keeps its holes.

Mend: Move to overlay2: save the images, change `storage-driver`, restart, load them again.

Example:

    {"storage-driver": "overlay2"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Severity, Unknown, Word

_GONE = {
    "aufs": "aufs was never part of the kernel",
    "devicemapper": "devicemapper was taken out of the engine",
    "overlay": "the first overlay was taken out of the engine",
}


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.storage in _GONE:
        yield Finding(
            what=f"the storage driver is {daemon.storage}: {_GONE[daemon.storage]}", path="storage-driver"
        )
    elif not daemon.storage:
        yield Unknown("the engine does not say which one it uses")


CHECK = Check(
    id="LC206",
    name="storage-driver",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="2.6",
    peers=("docker-bench:2.6",),
    daemon=daemon,
)
