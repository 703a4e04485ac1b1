"""Only root changes /etc/default/docker.

The file is read at the engine's start, by root, and its options decide where the engine listens.

Mend: `chown root:root` and `chmod 644`.

Example:

    $ chmod 644 /etc/default/docker
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.DEFAULTS, 0o644)


CHECK = Check(
    id="LC319",
    name="engine-defaults",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.19, 3.20",
    peers=(
        "docker-bench:3.19",
        "docker-bench:3.20",
    ),
    host=host,
)
