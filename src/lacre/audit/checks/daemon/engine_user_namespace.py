"""Root of a container is nobody on the host.

With its users remapped, a process that breaks out of its container is a user that owns nothing on the host.
Without, root in a container is the host's root, kept in only by namespaces and capabilities.

Mend: `"userns-remap": "default"`. Images and volumes made before are not seen any more, and bind mounts need other
owners, so this is level 2.

Example:

    {"userns-remap": "default"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Mend, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if not (daemon.remapped or daemon.rootless):
        yield Finding(what="root of a container is root of the host", path="userns-remap")


CHECK = Check(
    id="LC209",
    name="engine-user-namespace",
    doc=__doc__,
    severity=Severity.MEDIUM,
    level=2,
    mend=Mend.PROOF,
    cis="2.9",
    peers=("docker-bench:2.9",),
    aside=True,
    daemon=daemon,
)
