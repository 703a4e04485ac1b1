"""Only root changes containerd's configuration.

It names the programs that containerd starts as root.

Mend: `chown root:root` and `chmod 644`.

Example:

    $ chmod 644 /etc/containerd/config.toml
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Mend, Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.CONTAINERD_CONFIG, 0o644)


CHECK = Check(
    id="LC327",
    name="containerd-configuration",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.SAFE,
    host=host,
)
