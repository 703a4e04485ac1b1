"""Ports without an address are published for this host alone.

Whoever writes `-p 5432:5432` seldom means the whole internet. The engine publishes on all addresses unless told
otherwise, past the host's own firewall.

Mend: `"ip": "127.0.0.1"`; what is for outside says its address. Networks made before keep what they have.

Example:

    {"ip": "127.0.0.1"}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import judged
from lacre.audit.facts.daemon import Daemon, is_loopback
from lacre.audit.model import Mend, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    # None and the empty text are all addresses.
    yield from judged(
        daemon,
        "ip",
        lambda value: not is_loopback(str(value)),
        "ports without an address are published beyond this host",
    )


CHECK = Check(
    id="LC220",
    name="default-address",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    mend=Mend.HAND,
    aside=True,
    daemon=daemon,
)
