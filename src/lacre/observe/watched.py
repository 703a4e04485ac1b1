"""Everything that the sensor has told of one twin, gathered by service."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lacre.engine import Container
from lacre.observe.model import Phase, listening
from lacre.sensor import AnyFact, Counters, Listening, Lost, Sensor, Syscalls, Write


@dataclass
class Watched:
    """Facts of a twin's containers, old and new ones after a `recreate` alike."""

    sensor: Sensor
    began: float = field(default_factory=time.monotonic)
    services: dict[str, str] = field(default_factory=dict)  # container id → service
    last_new_fact: float = 0.0  # seconds after `began`
    lost: int = 0  # facts that did not fit into the sensor's tables
    _facts: dict[str, set[AnyFact]] = field(default_factory=lambda: defaultdict(set))
    # snapshots that grow: the newest replaces the one before
    _snapshots: dict[tuple[object, ...], tuple[str, Syscalls | Counters]] = field(default_factory=dict)
    _known: set[tuple[str, str, object]] = field(default_factory=set)

    def follow(self, containers: Iterable[Container]) -> None:
        """Watch containers that have not started yet."""
        for container in containers:
            self.services[container.id] = container.service
            self.sensor.watch(container.id)

    def enter(self, phase: Phase, containers: Iterable[Container]) -> None:
        """What is seen from now on belongs to this phase."""
        self.collect()
        for container in containers:
            self.sensor.phase(container.id, phase)

    def collect(self) -> None:
        """Take over what was seen since the last call."""
        for fact in self.sensor.facts():
            if isinstance(fact, Lost):
                self.lost = fact.facts
                continue
            service = self.services.get(fact.container)
            if service is None:
                continue
            if isinstance(fact, Syscalls | Counters):
                key = (type(fact), fact.container, fact.phase, getattr(fact, "arch", ""))
                self._snapshots[key] = (service, fact)
            else:
                self._facts[service].add(fact)
            self._note_news(service, fact)

    def _note_news(self, service: str, fact: AnyFact) -> None:
        """When something was seen for the first time, in whatever phase or container of the service."""
        news: set[tuple[str, str, object]]
        match fact:
            case Syscalls():
                news = {(service, fact.arch, name) for name in fact.names}
            case Counters() | Lost():
                return
            case _:
                news = {(service, "", replace(fact, container="", phase=""))}
        if not news <= self._known:
            self._known |= news
            self.last_new_fact = time.monotonic() - self.began

    def facts(self) -> Mapping[str, frozenset[AnyFact]]:
        """All facts so far, by service."""
        found = {service: set(known) for service, known in self._facts.items()}
        for service, snapshot in self._snapshots.values():
            found.setdefault(service, set()).add(snapshot)
        return {service: frozenset(known) for service, known in found.items()}

    def listening(self, service: str, *phases: Phase) -> frozenset[str]:
        """Ports that the service opened in these phases (none named: in any), as `tcp/80`."""
        facts = (fact for fact in self._facts[service] if isinstance(fact, Listening))
        return listening(facts, *phases)

    def written(self, service: str) -> set[str]:
        """Paths that the service wrote to."""
        return {fact.path for fact in self._facts[service] if isinstance(fact, Write)}
