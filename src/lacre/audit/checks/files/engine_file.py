"""Only root changes the engine's configuration.

daemon.json can name another runtime, which the engine then starts as root.

Mend: `chown root:root` and `chmod 644`.

Example:

    $ chown root:root /etc/docker/daemon.json && chmod 644 /etc/docker/daemon.json
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.CONFIG, 0o644)


CHECK = Check(
    id="LC317",
    name="engine-file",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.17, 3.18",
    peers=(
        "docker-bench:3.17",
        "docker-bench:3.18",
    ),
    host=host,
)
