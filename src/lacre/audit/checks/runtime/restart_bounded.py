"""A service that keeps failing stops being started.

`always` and `unless-stopped` start a crashing service for ever. That hides a crash that an intruder causes, and
gives each of his tries a fresh process to guess against. The benchmark asks for `on-failure` with at most five.

Mend: `restart: on-failure:5`, or with `deploy`, `condition: on-failure` and `max_attempts: 5`. After a restart of
the host such a service is started again by hand or by its unit, so this is level 2.

Example:

    services:
      web:
        restart: on-failure:5
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Severity, Unknown, Word

_MOST = 5


def service(service: Service) -> Iterator[Word]:
    restart = service.restart
    if restart is None:
        return
    if not restart.known:
        yield Unknown(restart.why_unknown)
        return
    policy, _, times = restart.text.partition(":")
    if policy == "on-failure" and service.restart_attempts is not None:
        times = service.restart_attempts.text
    if policy in ("always", "unless-stopped", "any"):
        yield Finding(what=f"it is started for ever ({policy})", place=restart.place, path=restart.path)
    elif policy == "on-failure" and not (times.isdecimal() and 0 < int(times) <= 5):
        much = f"{times} times" if times.isdecimal() and int(times) else "for ever"
        yield Finding(what=f"it is started {much} after failures", place=restart.place, path=restart.path)


def container(container: Container) -> Iterator[Word]:
    if container.restart in ("always", "unless-stopped"):
        yield Finding(what=f"it is started for ever ({container.restart})", path="restart")
    elif container.restart == "on-failure" and not 0 < container.restart_most <= _MOST:
        much = f"{container.restart_most} times" if container.restart_most else "for ever"
        yield Finding(what=f"it is started {much} after failures", path="restart")


CHECK = Check(
    id="LC515",
    name="restart-bounded",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="5.15",
    peers=("docker-bench:5.15",),
    aside=True,
    service=service,
    container=container,
)
