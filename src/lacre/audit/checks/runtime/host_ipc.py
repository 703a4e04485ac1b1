"""No service shares the host's shared memory.

With the host's IPC namespace a container reads and writes shared memory and semaphores of the host's programs and
of every other container that does the same; databases and browsers keep data there.

Mend: Take `ipc: host` away. Two services that must share memory use `ipc: service:NAME`; one that needs much of it
has `shm_size`.

Example:

    services:
      browser:
        shm_size: 1g
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_host
from lacre.audit.checks.running import shares
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from is_host(service.ipc, "it shares the host's shared memory")


def container(container: Container) -> Iterator[Word]:
    yield from shares(container, "ipc", container.ipc, "it reads and writes the host's shared memory")


CHECK = Check(
    id="LC517",
    name="host-ipc",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.17",
    peers=("compose-lint:0010", "DockSec:host namespace", "docker-bench:5.17"),
    service=service,
    container=container,
)
