"""Only root looks into the engine's data.

Below the data directory are the files of all containers, their volumes, and the environments with their secrets.

Mend: `chown root:root` and `chmod 710`.

Example:

    $ chmod 710 /var/lib/docker
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.DATA, 0o711, groups=host.data_groups)


CHECK = Check(
    id="LC326",
    name="engine-data",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    host=host,
)
