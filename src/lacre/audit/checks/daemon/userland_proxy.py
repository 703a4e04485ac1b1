"""Published ports go through the kernel alone.

The proxy is a program that runs as root for every published port; it hides the address of the client from the
application, and is one more thing to attack. The kernel does the same by itself.

Mend: `"userland-proxy": false`. Published ports are then not reached by way of `[::1]`, so this is level 2.

Example:

    {"userland-proxy": false}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from as_wanted(daemon, "userland-proxy", "a proxy runs as root for each published port")


CHECK = Check(
    id="LC216",
    name="userland-proxy",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.16",
    peers=("docker-bench:2.16",),
    aside=True,
    daemon=daemon,
)
