"""Containers are below the engine's own control group.

With another parent, limits that an administrator set for all containers do not count, and those of something else
do.

Mend: Take `cgroup-parent` away unless it is a slice made for containers.

Example:

    {"exec-opts": ["native.cgroupdriver=systemd"]}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import judged
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Severity, Word

_OWN = (None, "", "docker", "/docker", "system.slice")


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from judged(
        daemon, "cgroup-parent", lambda value: value not in _OWN, "containers are below another control group"
    )


CHECK = Check(
    id="LC210",
    name="engine-control-group",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.10",
    peers=("docker-bench:2.10",),
    daemon=daemon,
)
