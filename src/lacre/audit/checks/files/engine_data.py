"""Only root looks into the engine's data.

Below the data directory are the files of all containers, their volumes, and the environments with their secrets.

Mend: `chown root:root` and `chmod 710`.

Example:

    $ chmod 710 /var/lib/docker
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word

_REMAPPED = re.compile(r"/\d+\.(\d+)$")
"""Where users are remapped, the data is in a folder named by root's new numbers, and of that group (dockerd(8))."""


def host(host: Host) -> Iterator[Word]:
    remapped = _REMAPPED.search(host.data_root)
    yield from owned(host, Role.DATA, 0o711, groups=("root", remapped[1]) if remapped else ("root",))


CHECK = Check(
    id="LC326",
    name="engine-data",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    host=host,
)
