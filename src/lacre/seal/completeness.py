"""How complete the exercise was: what a short exercise did not show is said, not hidden."""

from __future__ import annotations

from lacre.observe import Run
from lacre.observe.model import EPHEMERAL_PORTS
from lacre.seal.context import Context
from lacre.seal.model import Completeness
from lacre.sensor import Direction, Executed, Peer

_PROGRAM_DIRECTORIES = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/", "/usr/local/bin/", "/usr/local/sbin/")


def completeness(baseline: Run, context: Context) -> Completeness:
    """Phases run, when the last new fact came, and what the image offers that was never touched."""
    service = context.service
    spoken_to = {
        f"{fact.protocol}/{fact.port}" for fact in context.profile.of(Peer) if fact.direction is Direction.IN
    }
    if any(fact.protocol == "udp" and fact.port >= EPHEMERAL_PORTS for fact in context.profile.of(Peer)):
        spoken_to |= {port for port in service.ports if port.startswith("udp/")}  # it answered somebody
    executed = {fact.path for fact in context.profile.of(Executed)}
    executed |= {fact.script for fact in context.profile.of(Executed)}
    programs = {
        path
        for path, entry in context.image.tree.items()
        if entry.kind == "file" and entry.mode & 0o111 and path.startswith(_PROGRAM_DIRECTORIES)
    }
    return Completeness(
        phases=tuple(str(phase) for phase in baseline.phases),
        observed_for=round(baseline.seconds, 1),
        last_new_fact=round(baseline.last_new_fact, 1),
        untouched_ports=tuple(sorted(set(service.ports) - spoken_to)),
        unused_programs=len(programs - executed),
    )
