"""The engine has no experimental features on.

What is experimental was not looked at as what is released was, and changes without notice.

Mend: Take `experimental` away.

Example:

    {"experimental": false}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from as_wanted(daemon, "experimental", "experimental features are on")


CHECK = Check(
    id="LC218",
    name="engine-experimental",
    doc=__doc__,
    severity=Severity.LOW,
    cis="2.18",
    daemon=daemon,
)
