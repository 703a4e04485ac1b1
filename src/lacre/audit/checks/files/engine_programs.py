"""Only root changes the engine's programs.

runc, containerd and the engine itself run as root each time a container starts. Who can write one of them need not
break out of anything.

Mend: Install the packages again: what changed the owner or mode may have changed more.

Example:

    $ apt-get install --reinstall docker-ce containerd.io
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.files.owned import owned
from lacre.audit.facts.host import Host, Role
from lacre.audit.model import Severity, Word


def host(host: Host) -> Iterator[Word]:
    yield from owned(host, Role.PROGRAMS, 0o755)


CHECK = Check(
    id="LC325",
    name="engine-programs",
    doc=__doc__,
    severity=Severity.CRITICAL,
    host=host,
)
