"""Every service stays in a control group of its own.

`cgroup: host` shows the host's whole tree of control groups; `cgroup_parent` puts the container where the engine's
own limits may not count. Limits are what keeps one service from starving the others.

Mend: Take both away, unless the machine has a slice for this very service.

Example:

    services:
      web:
        mem_limit: 512m   # limits of its own, in Docker's place
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import is_host
from lacre.audit.checks.running import shares
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Word


def service(service: Service) -> Iterator[Word]:
    yield from is_host(service.cgroup, "it sees the host's control groups")
    if service.cgroup_parent is not None:
        yield Finding(
            what=f"it is put below the control group {service.cgroup_parent.text}",
            place=service.cgroup_parent.place,
            path="cgroup_parent",
            severity=Severity.LOW,
        )


def container(container: Container) -> Iterator[Word]:
    if container.around.cgroup == 2:  # version 1 has no namespace of its own unless asked for
        yield from shares(container, "cgroup", container.cgroup, "it sees the host's control groups")
    if container.cgroup_parent:
        yield Finding(
            what=f"it is put below the control group {container.cgroup_parent}",
            path="cgroup_parent",
            severity=Severity.LOW,
        )


CHECK = Check(
    id="LC525",
    name="host-cgroup",
    doc=__doc__,
    severity=Severity.MEDIUM,
    level=2,
    mend=Mend.PROOF,
    cis="5.25",
    peers=("docker-bench:5.25",),
    service=service,
    container=container,
)
