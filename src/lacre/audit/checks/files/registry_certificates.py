"""Only root changes registries' certificates.

A certificate below `/etc/docker/certs.d` says whose images are taken for a registry's own. A private key that lies
there lets others in as this host.

Mend: `chown root:root` and `chmod 444`, a key 400.

Example:

    $ chmod 444 /etc/docker/certs.d/registry.example/ca.crt
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.REGISTRY_CERTIFICATES, 0o444)


CHECK = Check(
    id="LC307",
    name="registry-certificates",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.SAFE,
    cis="3.7, 3.8",
    peers=(
        "docker-bench:3.7",
        "docker-bench:3.8",
    ),
    host=host,
)
