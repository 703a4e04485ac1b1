"""The twin: a throw-away copy of a project, from its making to its removal."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from lacre.engine import firewall
from lacre.engine.answers import ContainerState
from lacre.engine.compose import Compose, error_lines
from lacre.engine.connection import told
from lacre.engine.data import TwinData, look
from lacre.engine.docker import Engine
from lacre.engine.leftover import leftovers, remove
from lacre.engine.normalise import port_names
from lacre.engine.owner import OWNER_LABEL, TWIN_LABEL, this_process
from lacre.engine.process import Finished
from lacre.engine.project import Project
from lacre.engine.twin_config import TwinOptions, TwinPlan, Warned, bind_sources, twin_config
from lacre.engine.variables import collisions, variables
from lacre.errors import EngineError, LacreError

_CREATE_SECONDS = 300.0
_START_SECONDS = 300.0
_REMOVE_SECONDS = 120.0
_SIDE_BY_SIDE = 8
_KILLED = 137

StartFault = Literal["", "unhealthy", "exited", "not started", "timeout", "other"]


@dataclass(frozen=True, slots=True, order=True)
class Container:
    """One container of a twin; `number` counts replicas from 1."""

    id: str
    service: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """How a start went. Not `ok`: `service` (if it can be told) kept it from ending well, `why`, in words."""

    ok: bool
    service: str = ""
    why: StartFault = ""
    message: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """How one container ended. `by_itself`: before it was asked to; `killed`: after the whole grace."""

    container: Container
    exit_code: int
    seconds: float
    by_itself: bool
    killed: bool


class Twin:
    """A twin of `project`, running `config` (the project's own, or that with a seal put in).

    `config` has `$` not doubled. Leaving the context removes everything that the twin has on the engine,
    whatever happened before; what cannot be removed is named in an EngineError.
    """

    def __init__(
        self,
        engine: Engine,
        compose: Compose,
        project: Project,
        config: Mapping[str, Any] | None = None,
        options: TwinOptions | None = None,
    ) -> None:
        self._engine = engine
        self._compose = compose
        self._project = project
        self._config = project.config if config is None else config
        self.id = secrets.token_hex(4)
        short = re.sub(r"[^a-z0-9_-]", "", project.name.lower())[:24]
        self.name = f"lacre-{short}-{self.id}" if short else f"lacre-{self.id}"
        self._options = replace(options or TwinOptions(), id=self.id, owner=this_process())
        self._plan: TwinPlan | None = None
        self._containers: tuple[Container, ...] = ()
        self._kept = False
        self._fenced: tuple[firewall.Bridge, ...] = ()  # networks whose rules are, or may be, in force
        self.warnings: tuple[Warned, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._kept:
            return
        try:
            try:
                self.remove()
            except KeyboardInterrupt:  # an impatient second Ctrl-C: once more, then let it through
                self.remove()
                raise
        except LacreError as left:
            if problem is None:
                raise
            raise EngineError(
                left.tried, f"{left.happened}; before that: {problem}", left.next_step
            ) from problem

    @property
    def labels(self) -> dict[str, str]:
        """On everything that the twin has."""
        return {TWIN_LABEL: self.id, OWNER_LABEL: self._options.owner}

    @property
    def config(self) -> dict[str, Any]:
        """The twin's own configuration, once it is created (`$` not doubled)."""
        return self._made().config

    @property
    def containers(self) -> tuple[Container, ...]:
        """In the order of services, then replicas; new ids after `recreate`."""
        return self._containers

    def keep(self) -> None:
        """Leaving the context does not remove it: `clean` does, once this process is gone."""
        self._kept = True

    # Life

    def create(self, *, seconds: float = _CREATE_SECONDS) -> tuple[Container, ...]:
        """Makes everything, starts nothing. Raises EngineError with Compose's words when that is refused."""
        for name, service in self._project.services.items():
            if name in (self._config.get("services") or {}):
                self._engine.require_image(service.image, pull=not service.built)
        if self._plan is None:
            self._plan = self._prepared()
        said = self._on("up", "--no-start", "--no-build", "--pull", "never", seconds=seconds)
        self._check(said, "making the twin's containers")
        self._fence()
        return self._found()

    def _fence(self) -> None:
        """Networks that are open for some hosts are closed to all others, before anything starts in them."""
        if not self._options.allow_egress:
            return
        with told(f"looking at the networks of the twin {self.name}"):
            networks = self._engine.api.networks(filters={"label": [f"{TWIN_LABEL}={self.id}"]})
        bridges = tuple(
            sorted(filter(None, map(firewall.bridge_of, networks)), key=lambda bridge: bridge.name)
        )
        if bridges and bridges != self._fenced:
            firewall.take_down(self.id)
            self._fenced = bridges
            whose = firewall.Standing(self.id, self._options.owner)
            firewall.put_up(whose, bridges, self._options.allow_egress)

    def _prepared(self) -> TwinPlan:
        sources = bind_sources(self._config)
        clones = self._options.clone_data and bool(self._config.get("volumes"))
        images = [service.image for service in self._project.services.values()]
        if not (sources or clones) or not images:
            host = look((), self._engine.address)
            plan = twin_config(self._config, name=self.name, options=self._options, host=host)
            self.warnings = plan.warnings + collisions(self._project.services)
            return plan
        data = TwinData(self._engine, self.name, self.labels, images[0])
        directory = data.directory()
        host = look(sources, self._engine.address, copies=directory)
        plan = twin_config(self._config, name=self.name, options=self._options, host=host)
        self.warnings = plan.warnings + collisions(self._project.services) + data.fill(plan, directory)
        return plan

    def bring(self, volume: str, path: Path) -> None:
        """Puts a file of this host into `volume` (its key in the configuration) of a created twin."""
        name = str(self._made().config["volumes"][volume]["name"])
        images = [service.image for service in self._project.services.values()]
        TwinData(self._engine, self.name, self.labels, images[0]).bring(name, path)

    def start(self, *, seconds: float = _START_SECONDS) -> Started:
        """Starts all in the order of depends_on, waiting for its conditions (and for nothing else)."""
        begun = time.monotonic()
        said = self._on("up", "-d", "--no-build", "--pull", "never", "--no-recreate", seconds=seconds)
        took = time.monotonic() - begun
        self._found()
        if said.code == 0 and not said.timed_out:
            return Started(ok=True, seconds=took)
        service, why = self._who_failed(said)
        return Started(ok=False, service=service, why=why, message=error_lines(said.stderr), seconds=took)

    def start_again(self, *, seconds: float = _START_SECONDS) -> Started:
        """Starts the same containers again, as `start` does: one-off services run once more."""
        return self.start(seconds=seconds)

    def stop(self) -> tuple[Stopped, ...]:
        """Stops dependants before what they depend on, each with its own signal and grace period."""
        stopped: list[Stopped] = []
        for level in self._stop_order():
            batch = [container for container in self._containers if container.service in level]
            with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
                stopped.extend(pool.map(self._stop_one, batch))
        return tuple(sorted(stopped, key=lambda one: self._containers.index(one.container)))

    def recreate(self, *, seconds: float = _CREATE_SECONDS) -> tuple[Container, ...]:
        """New containers in place of the (stopped) old ones, not started; volumes stay.

        As `up` does it when the configuration changed, which is how a seal is put on: volumes without a name
        are carried over too (`down` and `up` would lose them; docs/decisions/0033).
        """
        said = self._on(
            "up", "--no-start", "--no-build", "--pull", "never", "--force-recreate", seconds=seconds
        )
        self._check(said, "making the twin's containers anew")
        self._fence()
        return self._found()

    def remove(self, *, seconds: float = _REMOVE_SECONDS) -> None:
        """Removes all that carries the twin's label; can be called at any time, and again.

        Raises EngineError naming what is left.
        """
        _, failed = remove(self._engine, lambda: leftovers(self._engine, self.id), seconds)
        self._containers = ()
        if self._fenced and not failed:  # what is left must not reach more than it did
            firewall.take_down(self.id)
        if failed:
            named = ", ".join(f"{item.kind} {item.name} ({why})" for item, why in failed)
            raise EngineError(f"removing the twin {self.name}", named, "run `lacre clean` later")

    # Looking

    def of(self, service: str) -> Container:
        """The first container of a service. Raises EngineError when it has none."""
        for container in self._containers:
            if container.service == service:
                return container
        raise EngineError(
            f"looking for service {service} of the twin {self.name}", "it has no container", "create it first"
        )

    def state(self, container: Container) -> ContainerState:
        """How it is now."""
        return self._engine.state(container.id)

    def logs(self, container: Container, since: float | None = None) -> str:
        """What it printed since `since` (seconds since 1970), bounded."""
        return self._engine.logs(container.id, since)

    def address(self, service: str) -> str:
        """Where the host reaches the service's first container; empty if it has none or is down."""
        container = self.of(service)
        return self._address(container, self._engine.inspect(container.id), set())

    def _address(self, container: Container, told_container: Mapping[str, Any], seen: set[str]) -> str:
        mode = str((told_container.get("HostConfig") or {}).get("NetworkMode") or "")
        if mode == "host":
            return "127.0.0.1"
        if mode.startswith("container:"):
            other = mode.removeprefix("container:")
            owner = next((c for c in self._containers if c.id == other), None)
            if owner is None or other in seen:
                return ""
            return self._address(owner, self._engine.inspect(other), {*seen, container.id})
        networks = (told_container.get("NetworkSettings") or {}).get("Networks") or {}
        for name in sorted(networks):
            address = str((networks[name] or {}).get("IPAddress") or "")
            if address:
                return address
        return ""

    def ports(self, service: str) -> tuple[str, ...]:
        """`tcp/80`, …: EXPOSE of the image, `expose` and targets of `ports`, as the engine has them."""
        return exposed_ports(self._engine.inspect(self.of(service).id))

    def environment(self, phase: str) -> dict[str, str]:
        """The variables of an exercise.

        The project is the twin's, so that `docker compose -p` and label filters never reach the original.
        """
        services = {}
        for service in dict.fromkeys(container.service for container in self._containers):
            container = self.of(service)
            told_container = self._engine.inspect(container.id)
            services[service] = (
                self._address(container, told_container, set()),
                exposed_ports(told_container),
            )
        return variables(self.name, phase, services)

    # Inside

    def _made(self) -> TwinPlan:
        if self._plan is None:
            raise EngineError(f"using the twin {self.name}", "it is not created", "create it first")
        return self._plan

    def _on(self, *arguments: str, seconds: float) -> Finished:
        return self._compose.on(
            self._made().config,
            arguments,
            name=self.name,
            directory=self._project.directory,
            seconds=seconds,
        )

    def _check(self, said: Finished, tried: str) -> None:
        if said.timed_out:
            raise EngineError(tried, "Compose did not end in time", "see `docker ps` and the engine's log")
        if said.code != 0:
            words = error_lines(said.stderr) or f"Compose ended with {said.code}"
            raise EngineError(tried, words, "see whether `docker compose up` works for the original")

    def _found(self) -> tuple[Container, ...]:
        with told(f"listing the containers of the twin {self.name}"):
            entries = self._engine.api.containers(
                all=True, filters={"label": [f"{TWIN_LABEL}={self.id}", "com.docker.compose.service"]}
            )
        order = {name: place for place, name in enumerate(self._config.get("services") or {})}
        found = []
        for entry in entries:
            labels: Mapping[str, str] = entry.get("Labels") or {}
            number = str(labels.get("com.docker.compose.container-number") or "1")
            found.append(
                Container(
                    str(entry["Id"]),
                    str(labels["com.docker.compose.service"]),
                    int(number) if number.isdecimal() else 1,
                )
            )
        self._containers = tuple(sorted(found, key=lambda c: (order.get(c.service, len(order)), c.number)))
        return self._containers

    def _who_failed(self, said: Finished) -> tuple[str, StartFault]:
        """Which service kept the start from ending well, as the containers show it (Compose's words vary)."""
        waited_for = {
            dependency
            for service in (self._config.get("services") or {}).values()
            for dependency in service.get("depends_on") or {}
        }
        states = [(c.service, self._engine.inspect(c.id).get("State") or {}) for c in self._containers]
        tests: list[tuple[StartFault, Callable[[str, Mapping[str, Any]], bool]]] = [
            ("not started", lambda _, s: s.get("Status") == "created" and bool(s.get("Error"))),
            (
                "exited",
                lambda n, s: n in waited_for and s.get("Status") == "exited" and s.get("ExitCode") != 0,
            ),
            ("unhealthy", lambda n, s: n in waited_for and _health(s) == "unhealthy"),
            ("exited", lambda n, s: n in waited_for and s.get("Status") == "exited" and n in said.stderr),
            ("timeout", lambda n, s: said.timed_out and n in waited_for and s.get("Status") != "exited"),
        ]
        for why, test in tests:
            for name, state in states:
                if test(name, state):
                    return name, why
        words = error_lines(said.stderr)
        named = self._named(words)
        if said.timed_out:
            return named, "timeout"
        return named, "unhealthy" if named and "unhealthy" in words else "other"

    def _named(self, words: str) -> str:
        """The service whose container Compose complains of: one that is restarted may look well when it is asked."""
        for container in self._containers:
            name = re.escape(f"{self.name}-{container.service}-{container.number}")
            if re.search(rf"{name}(?![\w-])", words):
                return container.service
        return ""

    def _stop_one(self, container: Container) -> Stopped:
        before = self.state(container)
        grace = self._engine.grace(container.id)
        begun = time.monotonic()
        if before.status in ("running", "restarting", "paused"):
            self._engine.stop(container.id, grace)
        took = time.monotonic() - begun
        after = self.state(container)
        return Stopped(
            container=container,
            exit_code=after.exit_code,
            seconds=took,
            by_itself=before.status not in ("running", "restarting", "paused"),
            killed=before.running and after.exit_code == _KILLED and took >= grace,
        )

    def _stop_order(self) -> list[set[str]]:
        """Services in levels: nothing in a level is needed by anything in a later one."""
        services: Mapping[str, Any] = self._config.get("services") or {}
        left = {name: set(service.get("depends_on") or {}) for name, service in services.items()}
        levels = []
        while left:
            needed = set().union(*left.values())
            level = {name for name in left if name not in needed} or set(left)
            levels.append(level)
            left = {name: rest for name, rest in left.items() if name not in level}
        return levels


def _health(state: Mapping[str, Any]) -> str:
    return str((state.get("Health") or {}).get("Status") or "")


def exposed_ports(told_container: Mapping[str, Any]) -> tuple[str, ...]:
    """`tcp/80`, … of what the engine tells of a container; builders other than Docker's leave ranges in an image."""
    exposed = (told_container.get("Config") or {}).get("ExposedPorts") or {}
    found = {port for spelled in exposed for port in port_names(str(spelled))}
    return tuple(sorted(found, key=lambda port: (port[:3], int(port.rpartition("/")[2]))))
