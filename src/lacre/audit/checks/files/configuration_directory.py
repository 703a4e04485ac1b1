"""Only root changes what is in /etc/docker.

Who can write the directory can put another daemon.json, and other certificates of registries, in the place of
those that are there.

Mend: `chown root:root` and `chmod 755`.

Example:

    $ chown root:root /etc/docker && chmod 755 /etc/docker
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.CONFIG_DIRECTORY, 0o755)


CHECK = Check(
    id="LC305",
    name="configuration-directory",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.5, 3.6",
    peers=(
        "docker-bench:3.5",
        "docker-bench:3.6",
    ),
    host=host,
)
