"""Only root reads the engine's private key.

Who has the key is this engine, to every client that connects.

Mend: `chown root:root` and `chmod 400`; where others could read it, make a new one.

Example:

    $ chown root:root /etc/docker/tls/key.pem && chmod 400 /etc/docker/tls/key.pem
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.KEY, 0o400)


CHECK = Check(
    id="LC313",
    name="engine-key",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.13, 3.14",
    peers=(
        "docker-bench:3.13",
        "docker-bench:3.14",
    ),
    host=host,
)
