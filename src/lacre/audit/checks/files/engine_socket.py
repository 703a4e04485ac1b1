"""Only root and one group speak to the engine.

Whoever can write the socket is root on the host. With a mode of 666 that is every user and every service.

Mend: `chown root:docker` and `chmod 660`, and look for what changed it: a unit, a script that was in a hurry.

Example:

    $ chown root:docker /run/docker.sock && chmod 660 /run/docker.sock
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.SOCKET, 0o660, groups=("root", host.group))


CHECK = Check(
    id="LC315",
    name="engine-socket",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.15, 3.16",
    peers=(
        "docker-bench:3.15",
        "docker-bench:3.16",
    ),
    host=host,
)
