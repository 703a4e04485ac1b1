"""Containers on the default bridge cannot reach each other.

On the bridge that the engine makes for itself stands everything that was started without a network of its own, of
whatever project. With traffic between them allowed, the one that is broken into scans and attacks all others.

Mend: Set `"icc": false`; containers that must talk get a network of their own, where this switch changes nothing.

Example:

    {"icc": false}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Mend, NotApplicable, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if (
        daemon.facts.asked is not None
        and daemon.facts.asked.icc is None
        and daemon.value("bridge")[0] == "none"
    ):
        yield NotApplicable("there is no default bridge")
        return
    yield from as_wanted(daemon, "icc", "containers on the default bridge reach each other")


CHECK = Check(
    id="LC202",
    name="inter-container",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="2.2",
    peers=("docker-bench:2.2",),
    aside=True,
    daemon=daemon,
)
