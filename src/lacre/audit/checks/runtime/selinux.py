"""SELinux keeps containers apart.

Where SELinux is on, each container gets a label of its own, and can touch neither the host's files nor another
container's. `label=disable`, `label=type:spc_t` and the like take that away; where it is permissive, it only writes
down what it would have refused.

Mend: Take the option away; let `:z` or `:Z` on a mount give the files the right label. `setenforce 1` and
`SELINUX=enforcing` in `/etc/selinux/config` put it in force on the host.

Example:

    services:
      web:
        volumes: ["./data:/data:Z"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import options
from lacre.audit.checks.running import UNREADABLE, called
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, NotApplicable, Severity, Unknown, Word

_FREE = ("spc_t", "unconfined_t", "unconfined_service_t", "container_runtime_t")


def service(service: Service) -> Iterator[Word]:
    for name, value, text in options(service.security_opt):
        lowered = value.lower().replace("=", ":")
        off = lowered == "disable" or lowered.removeprefix("type:") in _FREE
        if name == "label" and off:
            yield Finding(
                what=f"SELinux does not confine it (label={value})", place=text.place, path=text.path
            )


def container(container: Container) -> Iterator[Word]:
    if not container.around.selinux:
        yield NotApplicable("SELinux is not on, or the engine does not use it")
    elif container.around.permissive:
        yield Finding(what="SELinux is permissive on the host: it refuses nothing", path="selinux")
    elif _free(container.process_label):
        yield Finding(what="SELinux does not confine it", path="selinux")
    elif container.inside is None:
        yield container.untold
    elif any(process.selinux is None for process in container.processes):
        yield Unknown(UNREADABLE)
    elif free := [process for process in container.processes if _free(process.selinux or "")]:
        yield Finding(what=f"SELinux does not confine {called(free)}", path="selinux")


def _free(context: str) -> bool:
    """Whether a context, user:role:type:level, is of a type that may do everything, or none.

    A container that the engine gave none (--privileged, `label=disable`) runs in the engine's own, whatever the host's
    policy calls that.
    """
    return context.count(":") < 3 or context.split(":")[2] in _FREE


CHECK = Check(
    id="LC503",
    name="selinux",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.3",
    peers=("semgrep:selinux-separation-disabled", "DockSec:disabled security-opt", "docker-bench:5.3"),
    service=service,
    container=container,
)
