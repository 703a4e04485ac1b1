"""The engine does not run as root.

An engine that runs as root makes every hole in it, and every user who may speak to it, a way to root on the host.
A rootless engine is an ordinary user's programs, and so is all that breaks out of it.

Mend: Install the engine for a user of its own (`dockerd-rootless-setuptool.sh install`). It publishes no low ports
by itself and has no AppArmor, so this is level 2.

Example:

    $ dockerd-rootless-setuptool.sh install
    $ docker context use rootless
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Severity, Word


def daemon(daemon: Daemon) -> Iterator[Word]:
    if not daemon.rootless:
        yield Finding(what="the engine runs as root", path="rootless")


CHECK = Check(
    id="LC201",
    name="rootless",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.1",
    peers=("docker-bench:2.1",),
    aside=True,
    daemon=daemon,
)
