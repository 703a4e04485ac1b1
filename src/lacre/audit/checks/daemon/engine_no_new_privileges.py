"""Containers gain no privileges unless they ask to.

With the switch on, a container whose author forgot `no-new-privileges` has it all the same: set-uid programs of
any image are no way to root.

Mend: `"no-new-privileges": true`; the one container that needs `sudo` says `no-new-privileges:false`.

Example:

    {"no-new-privileges": true}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Mend, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from as_wanted(
        daemon, "no-new-privileges", "containers may gain privileges unless they say otherwise"
    )


CHECK = Check(
    id="LC214",
    name="engine-no-new-privileges",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="2.14",
    peers=("docker-bench:2.14",),
    aside=True,
    daemon=daemon,
)
