"""Only root changes the engine's certificate.

A certificate that others can change is one by which clients can be led to another engine, or be kept from this
one.

Mend: `chown root:root` and `chmod 444`.

Example:

    $ chmod 444 /etc/docker/tls/cert.pem
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.CERTIFICATE, 0o444)


CHECK = Check(
    id="LC311",
    name="engine-certificate",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.SAFE,
    cis="3.11, 3.12",
    peers=(
        "docker-bench:3.11",
        "docker-bench:3.12",
    ),
    host=host,
)
