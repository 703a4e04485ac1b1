"""Logs go where an intruder of the host cannot reach them.

A log that lies only on the host is gone with it, or tells what an intruder wants it to tell. What was sent away
stays.

Mend: A driver that sends (`syslog` with an address elsewhere, `gelf`, `fluentd`, a cloud's), or a collector that reads
the files at once; `lacre logs` sets one up.

Example:

    {"log-driver": "syslog", "log-opts": {"syslog-address": "tcp+tls://logs.example:6514"}}
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon, host_of, is_loopback
from lacre.audit.model import Confidence, Finding, Severity, Unknown, Word

_HERE = ("json-file", "local", "none", "")


def daemon(daemon: Daemon) -> Iterator[Word]:
    if daemon.logging_driver in _HERE:
        yield Finding(
            what=f"logs stay on this host ({daemon.logging_driver or 'no driver'})",
            path="log-driver",
            confidence=Confidence.MEDIUM,
        )
    elif daemon.logging_driver == "journald":
        yield Unknown("whether the journal is sent on, the engine does not know")
    elif daemon.logging_driver == "syslog":
        yield from _syslog(daemon)


def _syslog(daemon: Daemon) -> Iterator[Word]:
    """Without an address the driver speaks to the syslog of the host, as by a socket or loopback; that one may send on
    what it gets, like the journal.
    """
    address, why = daemon.value("log-opts/syslog-address")
    host = host_of(str(address or ""))
    if why:
        yield Unknown(f"log-opts/syslog-address: {why}")
    elif not host or is_loopback(host):
        yield Unknown("whether the syslog of this host sends on what it gets, the engine does not know")


CHECK = Check(
    id="LC213",
    name="central-log",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.13",
    peers=("docker-bench:2.13",),
    aside=True,
    daemon=daemon,
)
