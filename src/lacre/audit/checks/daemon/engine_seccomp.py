"""The engine filters system calls.

The engine's filter holds for every container that does not bring its own. Where the default is `unconfined`, or
the kernel has no filters, all containers have the whole kernel before them.

Mend: Take `"seccomp-profile": "unconfined"` away, or name a profile of your own; run a kernel with
CONFIG_SECCOMP_FILTER.

Example:

    {"seccomp-profile": "builtin"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from as_wanted(daemon, "seccomp-profile", "no filter is in force for containers")


CHECK = Check(
    id="LC217",
    name="engine-seccomp",
    doc=__doc__,
    severity=Severity.HIGH,
    cis="2.17",
    peers=("docker-bench:2.17",),
    daemon=daemon,
)
