"""Only root changes /etc/sysconfig/docker.

The file is read at the engine's start on Red Hat's systems, by root, and its options decide where the engine
listens.

Mend: `chown root:root` and `chmod 644`.

Example:

    $ chmod 644 /etc/sysconfig/docker
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.SYSCONFIG, 0o644)


CHECK = Check(
    id="LC321",
    name="engine-sysconfig",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.21, 3.22",
    peers=(
        "docker-bench:3.21",
        "docker-bench:3.22",
    ),
    host=host,
)
