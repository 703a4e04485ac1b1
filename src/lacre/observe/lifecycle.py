"""The life cycle of a twin, from its first start to its last stop, watched by the sensor.

start, work, signals, stop, start of the same containers, work, then recreated on their volumes, work, stop.
A run without a baseline *is* the baseline: nothing is compared, and it decides which signals the services
bear. With a baseline the run ends at the first phase that does not work as it did there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from lacre.engine import Container, Engine, Project, Started, Twin
from lacre.observe import builtin
from lacre.observe.exercise import run_exercise
from lacre.observe.inside import descriptor_limit, sizes_of_written
from lacre.observe.model import Failure, Peaks, Phase, Response, Run, Stopped, counted
from lacre.sensor import AnyFact, Counters, Lost, Sensor, Syscalls, Write

SIGNALS = ("HUP", "USR1", "USR2")
POLL = 0.1  # seconds between two looks at the engine, which sends no event for an accepting port
QUIET = 10.0  # seconds without a new listening socket after which an undeclared service counts as ready
QUIET_AGAIN = 2.0  # the same where the baseline is known to listen on nothing
SETTLE = 5.0  # seconds in which an answer may still be worse than the baseline's: peers come up late
SIGNAL_GRACE = 5.0  # seconds in which a service must work again after a signal
_T = TypeVar("_T")

KILLED = 137  # 128 + SIGKILL: the stop took longer than the grace time


@dataclass(frozen=True, slots=True)
class Exercise:
    """A command that makes the application work; `service` empty: for the whole project."""

    command: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a twin is run. Times are seconds."""

    project: Project
    exercises: tuple[Exercise, ...] = ()
    ready_timeout: float = 120.0
    exercise_timeout: float = 600.0
    baseline: Run | None = None
    not_borne: frozenset[tuple[str, str]] = frozenset()


class _PhaseFailedError(Exception):
    """Ends a run; the failures are recorded already."""


def run_life_cycle(
    engine: Engine, twin: Twin, sensor: Sensor, plan: Plan, *, name: str, tell: Callable[[Phase], None]
) -> Run:
    """Run the whole life cycle; the twin is left stopped, and is the caller's to remove."""
    life = _Life(engine, twin, sensor, plan, name, tell)
    try:
        life.go()
    except _PhaseFailedError:
        life.collect()
        life.remember_end()
    return life.run()


@dataclass
class _Life:
    engine: Engine
    twin: Twin
    sensor: Sensor
    plan: Plan
    name: str
    tell: Callable[[Phase], None]
    began: float = field(default_factory=time.monotonic)
    own: float = 0.0
    phase: Phase = Phase.START
    phases: list[Phase] = field(default_factory=list)
    services: dict[str, str] = field(default_factory=dict)  # container id → service
    facts: dict[str, set[AnyFact]] = field(default_factory=lambda: defaultdict(set))
    snapshots: dict[tuple[object, ...], tuple[str, AnyFact]] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    stopped: dict[tuple[str, Phase], Stopped] = field(default_factory=dict)
    ended: dict[str, int] = field(default_factory=dict)  # services that ended by themselves → exit code
    sent: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    responses: dict[str, set[Response]] = field(default_factory=lambda: defaultdict(set))
    memory: dict[str, int] = field(default_factory=dict)
    descriptor_limits: dict[str, int] = field(default_factory=dict)
    oom_kills: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    restarts: dict[str, int] = field(default_factory=dict)  # container id → restarts when it became ready
    not_borne: frozenset[tuple[str, str]] = frozenset()  # service and signal
    written: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    sizes: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    addresses: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    known: set[tuple[str, str, object]] = field(default_factory=set)
    last_new_fact: float = 0.0

    # ---- the life cycle, in order -------------------------------------------------------------------

    def go(self) -> None:
        """Go through all phases; raises _PhaseFailedError at the first that does not work."""
        self._timed(self.twin.create)
        self._watch()
        self._start(Phase.START, self.twin.start)
        self._work(Phase.FIRST, "first")
        self._signals()
        self._stop(Phase.STOP)
        self._start(Phase.SECOND_START, self.twin.start_again)
        self._work(Phase.SECOND, "second")
        self._recreate()
        self._stop(Phase.LAST_STOP)
        self.collect()

    def _recreate(self) -> None:
        baseline = self.plan.baseline
        if baseline is not None and Phase.RECREATED not in baseline.phases:
            return
        self.remember_end()
        self._timed(self.twin.recreate)
        self._watch()
        known = len(self.failures)
        try:
            self._start(Phase.RECREATED_START, self.twin.start)
            self._work(Phase.RECREATED, "second")
        except _PhaseFailedError:
            if baseline is not None:
                raise
            # the project keeps what the exercise looks for in the container itself: true before any seal
            lost = "; ".join(failure.text for failure in self.failures[known:])
            del self.failures[known:]
            self.phases.remove(Phase.RECREATED_START)
            if Phase.RECREATED in self.phases:
                self.phases.remove(Phase.RECREATED)
            self.skipped.append(
                f"containers made anew on the same volumes: fails without a seal too ({lost})"
            )

    def _start(self, phase: Phase, start: Callable[[], Started]) -> None:
        self._enter(phase)
        self.ended.clear()
        started = self._timed(start)
        if not started.ok:
            self.collect()
            self._fail(
                started.service, f"{started.why}: {started.message}{self._last_words_of(started.service)}"
            )
        self._timed(lambda: self._await_ready(phase))

    def _work(self, phase: Phase, word: str) -> None:
        self._enter(phase)
        self._timed(lambda: self._exercise_all(word))
        self._look()
        self.collect()
        self._measure()

    def _stop(self, phase: Phase) -> None:
        self._enter(phase)
        self.collect()
        self._measure()
        for end in self._timed(self.twin.stop):
            self.stopped[end.container.service, phase] = Stopped(end.exit_code, end.by_itself)
        self.collect()
        self._compare_stop(phase)

    # ---- starting -----------------------------------------------------------------------------------

    def _await_ready(self, phase: Phase) -> None:
        deadline = time.monotonic() + self.plan.ready_timeout
        waiting = {container.id: container for container in self.twin.containers}
        changed = time.monotonic()
        listening: set[tuple[str, str]] = set()
        while waiting:
            now = time.monotonic()
            self.collect()
            seen = self._listening_now(phase)
            if seen != listening:
                listening, changed = seen, now
            for container in list(waiting.values()):
                if self._is_ready(container, quiet_for=now - changed, late=now > deadline):
                    del waiting[container.id]
            if waiting:
                time.sleep(POLL)
        self._compare_ports()
        for container in self.twin.containers:
            self.restarts[container.id] = self.engine.state(container.id).restart_count
            if address := self.twin.address(container.service):
                self.addresses[address] = container.service

    def _is_ready(self, container: Container, *, quiet_for: float, late: bool) -> bool:
        service = self.plan.project.services[container.service]
        state = self.engine.state(container.id)
        if self.plan.baseline is not None and state.restart_count > self._restarts_before(container):
            self._fail(container.service, f"ended and was restarted{self._last_words(container)}")
        if not state.running:
            if state.status == "restarting" or (
                service.restart not in {"", "no"} and not late and state.exit_code
            ):
                if state.restart_count >= 3:
                    self._fail(
                        container.service, f"ends again and again, last with exit code {state.exit_code}"
                    )
                return False
            self._ended(container, state.exit_code)
            return True
        if state.health == "unhealthy":
            self._fail(container.service, "its health check says unhealthy")
        if late:
            return True
        if state.health:
            return state.health == "healthy" and self._expected_ports_accept(container)
        if service.one_off:
            return False
        expected = self._expected_ports(container.service)
        if expected:
            return self._expected_ports_accept(container)
        return quiet_for >= (
            QUIET if self.plan.baseline is None and self.phase is Phase.START else QUIET_AGAIN
        )

    def _ended(self, container: Container, code: int) -> None:
        """A container that is no longer running: as in the baseline, or a failure."""
        self.ended[container.service] = code
        baseline = self.plan.baseline
        expected = 0
        if baseline is not None:
            before = baseline.stopped.get((container.service, Phase.STOP))
            if before is None or not before.by_itself:
                self._fail(container.service, f"ended with exit code {code}{self._last_words(container)}")
            expected = before.exit_code if before else 0
        if code != expected:
            self._fail(container.service, f"ended with exit code {code}{self._last_words(container)}")

    def _expected_ports(self, service: str) -> frozenset[str]:
        if self.plan.baseline is not None:
            return self.plan.baseline.listening(service)
        declared = frozenset(p for p in self.plan.project.services[service].ports if p.startswith("tcp/"))
        again = self._own_run().listening(service) if self.phase is not Phase.START else frozenset()
        return declared & again if again else declared

    def _expected_ports_accept(self, container: Container) -> bool:
        ports = [
            int(p.removeprefix("tcp/"))
            for p in self._expected_ports(container.service)
            if p.startswith("tcp/")
        ]
        if (
            self.plan.baseline is None
            and self.phase is Phase.START
            and self.engine.state(container.id).health
        ):
            ports = []  # a declared port need not be open; the health check said that all is well
        return all(builtin.accepts(self.twin.address(container.service), port) for port in ports)

    def _listening_now(self, phase: Phase) -> set[tuple[str, str]]:
        run = self._own_run()
        return {(s, port) for s in run.facts for port in run.listening(s) if phase in self.phases}

    def _compare_ports(self) -> None:
        baseline = self.plan.baseline
        if baseline is None:
            return
        self.collect()
        run = self._own_run()
        for service in {container.service for container in self.twin.containers}:
            missing = baseline.listening(service) - run.listening(service)
            if missing:
                self._fail(service, f"does not listen on {', '.join(sorted(missing))}")

    # ---- working ------------------------------------------------------------------------------------

    def _exercise_all(self, word: str) -> None:
        self._ask_ports()
        self._exercise(word)

    def _ask_ports(self) -> None:
        for service in self._serving():
            for port in sorted(self._expected_ports(service)):
                if not port.startswith("tcp/"):
                    continue
                answers = self._settled_answers(service, port)
                self.responses[service] |= {
                    replace(a, question=f"{self.phase}: {a.question}") for a in answers
                }

    def _settled_answers(self, service: str, port: str) -> frozenset[Response]:
        """What a port answers, once a service behind it had the time to come up."""
        deadline = time.monotonic() + SETTLE
        while True:
            answers = builtin.ask(self.twin.address(service), int(port.removeprefix("tcp/")))
            worse = self._worse_answer(answers, service)
            if not worse:
                return answers
            if time.monotonic() > deadline:
                self._fail(service, worse)
            time.sleep(POLL)

    def _worse_answer(self, answers: Iterable[Response], service: str) -> str:
        """The first answer that is worse than the baseline's, in words; empty if there is none."""
        if self.plan.baseline is None:
            return ""
        before = {
            (r.port, r.question): r.answer for r in self.plan.baseline.responses.get(service, frozenset())
        }
        for answer in answers:
            expected = before.get((answer.port, f"{self.phase}: {answer.question}"))
            if expected is not None and _worse(expected, answer.answer):
                return f"{answer.question} on {answer.port}: {answer.answer} (without a seal: {expected})"
        return ""

    def _exercise(self, word: str) -> None:
        environment = self.twin.environment(word)
        for exercise in self.plan.exercises:
            if exercise.service and exercise.service in self.ended:
                continue
            result = run_exercise(
                exercise.command,
                directory=self.plan.project.directory,
                environment=environment,
                timeout=self.plan.exercise_timeout,
            )
            if result.exit_code != 0:
                ended = "did not end in time" if result.exit_code is None else f"exit code {result.exit_code}"
                self._look()
                self._fail(
                    exercise.service, f"the exercise failed ({ended}): {result.output.strip()[-2000:]}"
                )

    def _look(self) -> None:
        """Whether every container is still what it should be."""
        for container in self.twin.containers:
            state = self.engine.state(container.id)
            if state.restart_count > self._restarts_before(container):
                self._fail(container.service, f"was restarted{self._last_words(container)}")
            if not state.running and container.service not in self.ended:
                self._ended(container, state.exit_code)
            if state.health == "unhealthy":
                self._fail(container.service, "its health check says unhealthy")

    # ---- signals ------------------------------------------------------------------------------------

    def _signals(self) -> None:
        wanted = self._signals_to_send()
        if not wanted:
            return
        self._enter(Phase.SIGNALS)
        for signal in SIGNALS:
            receivers = sorted(service for service, signals in wanted.items() if signal in signals)
            if not receivers:
                continue
            for service in receivers:
                for container in self.twin.containers:
                    if container.service == service:
                        self.engine.signal_from_host(container.id, signal)
            self._works_again(signal, receivers)
            for service in receivers:
                self.sent[service].append(signal)
        self.collect()

    def _signals_to_send(self) -> dict[str, tuple[str, ...]]:
        if self.plan.baseline is not None:
            return {service: signals for service, signals in self.plan.baseline.signals.items() if signals}
        caught: dict[str, tuple[str, ...]] = {}
        for container in self.twin.containers:
            pid = self.engine.application_pid(container.id)
            if pid:
                signals = self.engine.caught_signals(pid)
                caught[container.service] = tuple(
                    s for s in SIGNALS if s in signals and (container.service, s) not in self.plan.not_borne
                )
        return {service: signals for service, signals in caught.items() if signals}

    def _works_again(self, signal: str, receivers: list[str]) -> None:
        """The project must work within the grace time; until then failures are only tried again."""
        deadline = time.monotonic() + SIGNAL_GRACE
        known = len(self.failures)
        while True:
            try:
                self._timed(lambda: self._exercise_all("signals"))
                self._look()
                return
            except _PhaseFailedError:
                if time.monotonic() < deadline and not self._ended_of(receivers):
                    del self.failures[known:]
                    time.sleep(POLL)
                    continue
                self.failures[known:] = [
                    replace(failure, text=f"after {signal} to {', '.join(receivers)}: {failure.text}")
                    for failure in self.failures[known:]
                ]
                self.not_borne = frozenset((service, signal) for service in self._culprits(receivers))
                raise

    def _ended_of(self, services: list[str]) -> list[str]:
        return [
            c.service
            for c in self.twin.containers
            if c.service in services
            and (
                not (state := self.engine.state(c.id)).running
                or state.restart_count > self._restarts_before(c)
            )
        ]

    def _culprits(self, receivers: list[str]) -> list[str]:
        """Who did not bear a signal: those that ended, else nobody can be told apart."""
        return self._ended_of(receivers) or receivers

    def _restarts_before(self, container: Container) -> int:
        return self.restarts.get(container.id, 0)

    # ---- stopping -----------------------------------------------------------------------------------

    def _compare_stop(self, phase: Phase) -> None:
        if self.plan.baseline is None:
            return
        for (service, when), stopped in self.stopped.items():
            before = self.plan.baseline.stopped.get((service, when))
            if when is not phase or before is None or stopped.exit_code == before.exit_code:
                continue
            if stopped.exit_code == KILLED or before.exit_code == 0:
                self._fail(
                    service,
                    f"stopped with exit code {stopped.exit_code} (without a seal: {before.exit_code})",
                )

    def remember_end(self) -> None:
        """What is gone once the containers are removed: the paths of the upper layer."""
        for container in self.twin.containers:
            changed = self.engine.changed(container.id)
            self.written[container.service] |= {change.path for change in changed}

    # ---- facts --------------------------------------------------------------------------------------

    def _watch(self) -> None:
        for container in self.twin.containers:
            self.services[container.id] = container.service
            self.sensor.watch(container.id)

    def _enter(self, phase: Phase) -> None:
        self.collect()
        self.phase = phase
        if phase not in self.phases:
            self.phases.append(phase)
        for container in self.twin.containers:
            self.sensor.phase(container.id, phase)
        self.tell(phase)

    def collect(self) -> None:
        """Take over what the sensor has seen since the last call."""
        for fact in self.sensor.facts():
            if isinstance(fact, Lost):
                if fact.facts:
                    self.skipped.append(f"{fact.facts} facts did not fit into the sensor's tables")
                continue
            service = self.services.get(fact.container)
            if service is None:
                continue
            if isinstance(fact, Syscalls | Counters):
                # snapshots that grow: the newest replaces the one before
                self.snapshots[type(fact), fact.container, fact.phase, getattr(fact, "arch", "")] = (
                    service,
                    fact,
                )
            else:
                self.facts[service].add(fact)
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
        if not news <= self.known:
            self.known |= news
            self.last_new_fact = time.monotonic() - self.began

    def _measure(self) -> None:
        """Numbers that are gone when a container stops."""
        for container in self.twin.containers:
            peaks = self.engine.peaks(container.id)
            if peaks.memory is not None:
                self.memory[container.service] = max(peaks.memory, self.memory.get(container.service, 0))
            self.oom_kills[container.service] = max(peaks.oom_kills or 0, self.oom_kills[container.service])
            state = self.engine.state(container.id)
            if state.running and state.pid:
                if (limit := descriptor_limit(state.pid)) is not None:
                    self.descriptor_limits[container.service] = limit
                paths = {fact.path for fact in self.facts[container.service] if isinstance(fact, Write)}
                for directory, size in sizes_of_written(state.pid, paths).items():
                    known = self.sizes[container.service]
                    known[directory] = max(size, known.get(directory, 0))

    def _serving(self) -> list[str]:
        return sorted({c.service for c in self.twin.containers if c.service not in self.ended})

    def _own_run(self) -> Run:
        return Run(self.name, {s: frozenset(f) for s, f in self.facts.items()}, (), (), {}, {}, {}, {}, {})

    def _last_words(self, container: Container) -> str:
        words = self.engine.logs(container.id).strip().splitlines()[-5:]
        return f"; its last words: {' | '.join(words)}" if words else ""

    def _last_words_of(self, service: str) -> str:
        return next((self._last_words(c) for c in self.twin.containers if c.service == service), "")

    def _fail(self, service: str, text: str) -> None:
        self.failures.append(Failure(self.phase, service, text))
        raise _PhaseFailedError

    def _timed(self, call: Callable[[], _T]) -> _T:
        began = time.monotonic()
        try:
            return call()
        finally:
            self.own += time.monotonic() - began

    def run(self) -> Run:
        """Everything seen so far, as a value."""
        facts = {service: set(known) for service, known in self.facts.items()}
        for service, snapshot in self.snapshots.values():
            facts.setdefault(service, set()).add(snapshot)
        peaks = {}
        for service, known in facts.items():
            peaks[service] = replace(
                counted(known),
                memory=self.memory.get(service),
                oom_kills=self.oom_kills[service],
                descriptor_limit=self.descriptor_limits.get(service),
            )
        return Run(
            name=self.name,
            facts={service: frozenset(known) for service, known in facts.items()},
            phases=tuple(self.phases),
            failures=tuple(self.failures),
            stopped=dict(self.stopped),
            signals={service: tuple(signals) for service, signals in self.sent.items()},
            responses={service: frozenset(answers) for service, answers in self.responses.items()},
            peaks={service: peaks.get(service, Peaks()) for service in facts},
            written={service: frozenset(paths) for service, paths in self.written.items()},
            sizes={service: dict(known) for service, known in self.sizes.items()},
            addresses=dict(self.addresses),
            not_borne=self.not_borne,
            skipped=tuple(self.skipped),
            seconds=time.monotonic() - self.began,
            own_seconds=self.own,
            last_new_fact=self.last_new_fact,
        )


def _worse(before: str, after: str) -> bool:
    """Whether an answer under the seal is worse than the one without."""
    if before == after:
        return False
    if after in {"no answer", "refused"} or after.startswith("HTTP 5"):
        return True
    # a server that refuses a body may close before the client has read the status: as good as the status
    return before.startswith("HTTP 2") and not after.startswith("HTTP 2")
