"""Containers get limits of their own unless they ask for others.

Where the engine gives no default, a container has the limits of the engine itself: often a thousand million open
files, and as many processes. One that leaks takes what the whole host has.

Mend: Give `default-ulimits` with numbers that servers need.

Example:

    {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 8192, "Hard": 65536}}}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from as_wanted(daemon, "default-ulimits/nofile", "containers get the engine's own limits")


CHECK = Check(
    id="LC208",
    name="default-limits",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.8",
    peers=("docker-bench:2.8",),
    aside=True,
    daemon=daemon,
)
