"""No service opts out of user namespaces.

Where the engine remaps users, root in a container is nobody on the host. `userns_mode: host` takes that away from
this one service: its root is the host's root again.

Mend: Take `userns_mode: host` away, and give the files that the service needs to the remapped user.

Example:

    services:
      web:
        image: web:1.4   # no userns_mode
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_host
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, NotApplicable, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from is_host(service.userns_mode, "its root is the host's root, whatever the engine remaps")


def container(container: Container) -> Iterator[Word]:
    if not container.around.remapped:
        yield NotApplicable("the engine remaps no users")
    elif container.userns == "host" or any(process.host_users for process in container.processes):
        yield Finding(what="its root is the host's root, though the engine remaps users", path="user")


CHECK = Check(
    id="LC531",
    name="host-users",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.31",
    peers=("compose-lint:0010", "DockSec:host namespace", "docker-bench:5.31"),
    service=service,
    container=container,
)
