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
    elif policy == "on-failure":
        what = _too_often(int(times) if times.isdecimal() else 0)
        if what:
            yield Finding(what=what, place=restart.place, path=restart.path)


def container(container: Container) -> Iterator[Word]:
    if container.restart in ("always", "unless-stopped"):
        yield Finding(what=f"it is started for ever ({container.restart})", path="restart")
    elif container.restart == "on-failure" and (what := _too_often(container.restart_most)):
        yield Finding(what=what, path="restart")


def _too_often(times: int) -> str:
    """The fault of a number of restarts; 0 is without end."""
    if 0 < times <= _MOST:
        return ""
    return f"it is started {f'{times} times' if times else 'for ever'} after failures"


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
