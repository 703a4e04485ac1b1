"""Logs of containers that ask for nothing cannot fill the disk.

The engine's own default keeps every line for ever. One container that is made to complain fills the host's disk,
and with it stops all others.

Mend: `"log-driver": "local"`, which rotates by itself, or `max-size` for `json-file`. It counts for containers
made afterwards.

Example:

    {"log-driver": "local"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Mend, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.logging_driver != "json-file":
        return
    yield from as_wanted(daemon, "log-opts/max-size", "logs of containers grow without end")


CHECK = Check(
    id="LC219",
    name="engine-log-rotation",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.SAFE,
    aside=True,
    daemon=daemon,
)
