"""Only root changes the socket's unit.

The unit says where the engine listens, and which group may speak to it: both decide who is root here.

Mend: `chown root:root` and `chmod 644`.

Example:

    $ chmod 644 /usr/lib/systemd/system/docker.socket
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.SOCKET_UNIT, 0o644)


CHECK = Check(
    id="LC303",
    name="socket-unit",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.3, 3.4",
    peers=(
        "docker-bench:3.3",
        "docker-bench:3.4",
    ),
    host=host,
)
