"""The engine may set up the packet filter.

The engine keeps networks apart, and publishes what is to be published, by rules of the packet filter. Switched
off, networks of different projects reach each other unless somebody writes and keeps those rules by hand.

Mend: Take `iptables: false` (and `ip6tables: false`) away; put rules of your own into the chain DOCKER-USER.

Example:

    {"iptables": true}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted, judged
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import NotApplicable, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.rootless:
        yield NotApplicable("a rootless engine has its rules in a network namespace of its own")
        return
    yield from as_wanted(daemon, "iptables", "the engine may not set up the packet filter")
    # Only a written false: true is moby's default since 27, and before it was an experiment that is off by itself.
    yield from judged(
        daemon,
        "ip6tables",
        lambda value: value not in (None, True),
        "the engine may not set up the packet filter for IPv6",
    )


CHECK = Check(
    id="LC204",
    name="engine-packet-filter",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="2.4",
    peers=("docker-bench:2.4",),
    daemon=daemon,
)
