"""Only root speaks to containerd.

containerd starts whatever it is told to, as root and past the engine's own rules: its socket is as good as the
engine's.

Mend: `chown root:root` and `chmod 660`.

Example:

    $ chown root:root /run/containerd/containerd.sock && chmod 660 /run/containerd/containerd.sock
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.CONTAINERD_SOCKET, 0o660)


CHECK = Check(
    id="LC323",
    name="containerd-socket",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.23, 3.24",
    peers=(
        "docker-bench:3.23",
        "docker-bench:3.24",
    ),
    host=host,
)
