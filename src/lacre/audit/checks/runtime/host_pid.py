"""No service sees the host's processes.

With the host's process namespace a container sees every process, its command line and, as root, its environment,
open files and root directory under `/proc/PID/root`. It can end any of them.

Mend: Take `pid: host` away. What watches the host belongs on the host, or needs only `/proc` read-only and no
capabilities.

Example:

    services:
      web:
        image: web:1.4   # no pid:
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_host
from lacre.audit.checks.running import shares
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from is_host(service.pid, "it sees and can end all processes of the host")


def container(container: Container) -> Iterator[Word]:
    yield from shares(container, "pid", container.pid, "it sees and can end all processes of the host")


CHECK = Check(
    id="LC516",
    name="host-pid",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.16",
    peers=("compose-lint:0010", "DockSec:host namespace", "docker-bench:5.16"),
    service=service,
    container=container,
)
