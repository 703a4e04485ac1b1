"""Only root changes the engine's unit.

The unit says which program runs as root at every start, and with which options. Files that add to it
(`docker.service.d`), or to all services (`service.d`), count as much as the unit itself.

Mend: `chown root:root` and `chmod 644`.

Example:

    $ chown root:root /usr/lib/systemd/system/docker.service
    $ chmod 644 /usr/lib/systemd/system/docker.service
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.SERVICE, 0o644)


CHECK = Check(
    id="LC301",
    name="engine-unit",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    cis="3.1, 3.2",
    peers=(
        "docker-bench:3.1",
        "docker-bench:3.2",
    ),
    host=host,
)
