"""Only root changes whose clients the engine believes.

With another authority in its place, the engine takes an intruder's certificate for an administrator's.

Mend: `chown root:root` and `chmod 444`.

Example:

    $ chmod 444 /etc/docker/tls/ca.pem
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.CA, 0o444)


CHECK = Check(
    id="LC309",
    name="engine-authority",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.9, 3.10",
    peers=(
        "docker-bench:3.9",
        "docker-bench:3.10",
    ),
    host=host,
)
