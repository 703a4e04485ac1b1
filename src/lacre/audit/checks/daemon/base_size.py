"""The size of containers' file systems was not raised for all.

With devicemapper, a larger base size gives every container that much of the disk, and the host's disk is full
sooner.

Mend: Take `dm.basesize` away, or leave devicemapper.

Example:

    {"storage-driver": "overlay2"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import judged
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import NotApplicable, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.storage != "devicemapper":
        yield NotApplicable("only devicemapper has such a size")
        return
    raised = lambda value: any("dm.basesize" in str(option) for option in value or ())  # noqa: E731
    yield from judged(
        daemon, "storage-opts", raised, "every container's file system is larger than the default"
    )


CHECK = Check(
    id="LC211",
    name="base-size",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.11",
    peers=("docker-bench:2.11",),
    daemon=daemon,
)
