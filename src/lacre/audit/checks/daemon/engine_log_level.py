"""The engine logs what happens, and not every byte of it.

At `info` the log tells what was started, stopped and refused. At `warn` and above it keeps that from whoever looks
into an incident; at `debug` it is drowned, and holds what requests carried.

Mend: Take `debug` away and leave `log-level` at `info`.

Example:

    {"log-level": "info"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import judged
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from judged(
        daemon, "log-level", lambda value: value not in (None, "", "info"), "the engine's log is not at info"
    )
    yield from judged(daemon, "debug", lambda value: value is True, "the engine logs for debugging")


CHECK = Check(
    id="LC203",
    name="engine-log-level",
    doc=__doc__,
    severity=Severity.LOW,
    cis="2.3",
    peers=("docker-bench:2.3",),
    daemon=daemon,
)
