"""When a twin that was started is ready for its exercise: the first part of the contract of an exercise.

HEALTHCHECK healthy; a one-off ended with 0; else all declared TCP ports accept, or 10 s without a new listening
socket. Who publishes ports and listens on nothing is waited for to the end, who only declares some, or is still seen
doing what it had not done before, for 30 s. At the deadline whatever runs and is not unhealthy counts as ready; under
a draft not what has yet to listen where it listened without one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from lacre.engine import Container, ContainerState, Engine, Service, Twin
from lacre.observe import builtin
from lacre.observe.model import FailureKind, Phase
from lacre.observe.plan import Plan
from lacre.observe.watched import Watched

QUIET = 10.0  # seconds without a new listening socket after which an undeclared service counts as ready
SILENT = 30.0  # seconds after which a service that declares ports may be one that listens on none
QUIET_AGAIN = 2.0  # the same where the baseline is known to listen on nothing
RESTARTS = 3  # a service that ended more often before it was ready is in a crash loop
MORE_RESTARTS = 2  # how much oftener than in the baseline it may end while it waits for its peers


class Readiness:
    """One wait for all containers of a twin; `look` is called until nothing is `waiting`."""

    def __init__(
        self,
        engine: Engine,
        twin: Twin,
        plan: Plan,
        watched: Watched,
        phase: Phase,
        crashed: Mapping[str, int],  # by container id: restarts that do not count against it
        patience: float,  # seconds
    ) -> None:
        self._crashed = crashed
        self._engine, self._twin, self._plan, self._watched, self._phase = engine, twin, plan, watched, phase
        self._waiting = {container.id: container for container in twin.containers}
        self._patience = patience
        self._began = time.monotonic()
        self._changed = time.monotonic()  # when the last new listening socket was seen
        self._listening: set[tuple[str, str]] = set()
        self.ended: set[str] = set()  # ids of containers that ended as they should
        self.healthy: set[str] = set()  # services whose health check said so

    def waiting(self) -> bool:
        """Whether something is not ready yet."""
        return bool(self._waiting)

    def look(self) -> Iterator[tuple[Container, FailureKind, str]]:
        """Look at all that is not ready yet; yields what failed, how, and in words."""
        self._watched.collect()
        services = {container.service for container in self._twin.containers}
        seen = {
            (service, port) for service in services for port in self._watched.listening(service, self._phase)
        }
        if seen != self._listening:
            self._listening, self._changed = seen, time.monotonic()
        for container in list(self._waiting.values()):
            state = self._engine.state(container.id)
            if ended := self._ended(container, state):  # the engine calls what ended unhealthy too
                yield container, FailureKind.ENDED, ended
            elif unhealthy := self._unhealthy(container, state) or self._too_late(container, state):
                yield container, FailureKind.OTHER, unhealthy
            elif self._is_ready(container, state):
                del self._waiting[container.id]

    def _unhealthy(self, container: Container, state: ContainerState) -> str:
        baseline = self._plan.baseline
        if state.health == "unhealthy":
            return "its health check says unhealthy"
        was_healthy = baseline is not None and container.service in baseline.healthy
        if self._late() and state.running and was_healthy and state.health != "healthy":
            return "its health check did not succeed in time"
        return ""

    def _too_late(self, container: Container, state: ContainerState) -> str:
        """It does not listen where it did without a seal, and there is no more time for it."""
        missing = self._missing(container.service)
        if not (self._late() and state.running and missing):
            return ""
        return f"does not listen on {', '.join(sorted(missing))} after {self._patience:.0f} s"

    def _ended(self, container: Container, state: ContainerState) -> str:
        service = self._plan.project.services[container.service]
        restarts = state.restart_count - self._crashed.get(container.id, 0)
        if restarts > self._restarts_allowed(service):
            return f"ends and is restarted again and again, last with exit code {state.exit_code}"
        if not state.running and not self._will_restart(service, state):
            return self._wrong_end(service, state)
        return ""

    def _restarts_allowed(self, service: Service) -> int:
        if self._plan.baseline is None:
            return RESTARTS
        before = self._plan.baseline.restarts.get(service.name, 0)
        return before + MORE_RESTARTS if before else 0

    def _will_restart(self, service: Service, state: ContainerState) -> bool:
        if state.status == "restarting":
            return True
        return bool(service.restart not in {"", "no"} and state.exit_code and not self._late())

    def _wrong_end(self, service: Service, state: ContainerState) -> str:
        """A container that runs no longer: as in the baseline (there: with 0), or not."""
        baseline = self._plan.baseline
        before = baseline.stopped.get((service.name, Phase.STOP)) if baseline is not None else None
        if baseline is not None and (before is None or not before.by_itself):
            return f"ended with exit code {state.exit_code}"
        expected = before.exit_code if before is not None else 0
        return "" if state.exit_code == expected else f"ended with exit code {state.exit_code}"

    def _is_ready(self, container: Container, state: ContainerState) -> bool:
        service = self._plan.project.services[container.service]
        if not state.running:
            if self._will_restart(service, state):
                return False
            self.ended.add(container.id)
            return True
        if self._late():
            return True
        if state.health:
            if state.health == "healthy":
                self.healthy.add(service.name)
            # at first a declared port need not be open: the health check said that all is well
            return state.health == "healthy" and (self._first() or all(self._accepting(service)))
        if service.one_off:
            return False
        if self._expected(service):
            return all(self._accepting(service)) or (
                self._quiet_for() >= QUIET and not self._awaited(service)
            )
        return self._quiet_for() >= (QUIET if self._first() else QUIET_AGAIN)

    def _awaited(self, service: Service) -> bool:
        """Whether it will surely listen, or may well do so, and does not yet."""
        if self._plan.baseline is not None:
            return bool(self._missing(service.name))
        if not self._first():
            # a port of its first start may have been for that alone
            return not any(self._accepting(service))
        if self._watched.listening(service.name):
            return False
        return bool(service.config.get("ports")) or self._waited() < SILENT

    def _missing(self, service: str) -> frozenset[str]:
        """TCP ports that it listened on at this start without a seal, and does not now."""
        if self._plan.baseline is None:
            return frozenset()
        before = self._plan.baseline.listening(service, self._phase)
        return _tcp(before) - self._watched.listening(service, self._phase)

    def _first(self) -> bool:
        return self._plan.baseline is None and self._phase is Phase.START

    def _accepting(self, service: Service) -> Iterator[bool]:
        """Of each port that is expected, whether it accepts."""
        address = self._twin.address(service.name)
        return (builtin.accepts(address, int(port.removeprefix("tcp/"))) for port in self._expected(service))

    def _expected(self, service: Service) -> frozenset[str]:
        """TCP ports that must accept: the baseline's, in its first start the declared ones."""
        if self._plan.baseline is not None:
            ports = self._plan.baseline.listening(service.name)
        elif self._phase is Phase.START:
            ports = frozenset(service.ports)
        else:
            ports = self._watched.listening(service.name, Phase.START, Phase.FIRST)
        return _tcp(ports)

    def _waited(self) -> float:
        return time.monotonic() - self._began

    def _late(self) -> bool:
        return self._waited() > self._patience

    def _quiet_for(self) -> float:
        changed = self._changed
        if self._first() and self._waited() < SILENT:
            changed = max(changed, self._watched.began + self._watched.last_new_fact)
        return time.monotonic() - changed


def _tcp(ports: frozenset[str]) -> frozenset[str]:
    return frozenset(port for port in ports if port.startswith("tcp/"))
