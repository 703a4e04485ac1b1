"""Containers go on while the engine is restarted.

Where a restart of the engine stops everything, its security updates wait for a night when that is allowed.

Mend: `"live-restore": true`; a running engine takes it at SIGHUP. It cannot be had together with Swarm.

Example:

    {"live-restore": true}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import NotApplicable, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.swarm:
        yield NotApplicable("the engine is part of a swarm, which moves services instead")
        return
    yield from as_wanted(daemon, "live-restore", "a restart of the engine stops all containers")


CHECK = Check(
    id="LC215",
    name="live-restore",
    doc=__doc__,
    severity=Severity.LOW,
    cis="2.15",
    peers=("docker-bench:2.15",),
    daemon=daemon,
)
