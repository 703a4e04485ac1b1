"""The engine answers over TCP only to clients with a certificate.

Whoever may speak to the engine is root on the host. A TCP socket without TLS, or with TLS that checks no client,
gives that to everybody who reaches the port, and they are found within hours. What counts is where the running
engine really listens.

Mend: Take the `tcp://` address away and use `ssh://` from outside. Where it must stay, `tlsverify` with a
certificate for each client.

Example:

    $ docker context create far --docker host=ssh://admin@far.example
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, NotApplicable, Severity, Unknown, Word

_SWARM = (2377, 7946)  # managers and gossip, dockerd(8): they have TLS of their own


def daemon(daemon: Daemon) -> Iterator[Word]:
    metrics = str(daemon.value("metrics-addr")[0] or "").rpartition(":")[2]
    if daemon.listening is None:
        if not daemon.local:
            yield Unknown("the engine runs on another machine, and does not say where it listens")
            return
        found = [host.removeprefix("tcp://") for host in daemon.hosts if host.startswith("tcp://")]
    else:
        found = [
            address
            for address in daemon.listening
            if (port := address.rpartition(":")[2]) != metrics and not (daemon.swarm and int(port) in _SWARM)
        ]
    if not found:
        yield NotApplicable("it does not listen on TCP")
        return
    verify, why = daemon.value("tlsverify")
    if why:
        yield Unknown(f"tlsverify: {why}")
    for address in found if not why and verify is not True else ():
        near = address.startswith(("127.", "[::1]", "::1", "localhost"))
        yield Finding(
            what=f"whoever reaches {address} is root on this host",
            path=f"hosts {address}",
            severity=Severity.HIGH if near else None,
        )


CHECK = Check(
    id="LC207",
    name="engine-tcp",
    doc=__doc__,
    severity=Severity.CRITICAL,
    cis="2.7",
    peers=("docker-bench:2.7",),
    daemon=daemon,
)
