"""The life cycle of a twin, from its first start to its last stop, watched by the sensor.

start, work, signals, stop, start of the same containers, work, then recreated on their volumes, work, killed
and started again by the engine (those with a restart policy), stop.
A run without a baseline *is* the baseline: nothing is compared, and it decides which signals the services
bear. With a baseline the run ends at the first phase that does not work as it did there.
"""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeVar

from lacre.engine import Container, Engine, Started, Twin
from lacre.errors import EngineError
from lacre.observe import builtin
from lacre.observe.compare import worse_answer, worse_stop
from lacre.observe.complaints import complained_of, unread
from lacre.observe.crash import crash, restarted_after_a_crash
from lacre.observe.exercise import run_exercise
from lacre.observe.measured import Measured, left_lying
from lacre.observe.model import Failure, FailureKind, Phase, Response, Run, Stopped
from lacre.observe.plan import Plan
from lacre.observe.ready import Readiness
from lacre.observe.signals import SIGNALS, to_send
from lacre.observe.watched import Watched
from lacre.sensor import Sensor

POLL = 0.1  # seconds between two looks at the engine, which sends no event for an accepting port
SETTLE = 5.0  # seconds in which an answer may still be worse than the baseline's: peers come up late
SIGNAL_GRACE = 5.0  # seconds in which a service must work again after a signal

_T = TypeVar("_T")


class _PhaseFailedError(Exception):
    """Ends a run; the failures are recorded already."""


def run_life_cycle(
    engine: Engine, twin: Twin, sensor: Sensor, plan: Plan, *, name: str, tell: Callable[[Phase], None]
) -> Run:
    """Run the whole life cycle; the twin is left stopped, and is the caller's to remove.

    Raises EngineError when the engine refuses the baseline or does not answer any more.
    """
    life = _Life(engine, twin, plan, name, tell, Watched(sensor))
    try:
        life.go()
    except _PhaseFailedError:
        life.watched.collect()
        life.remember_end()
    except EngineError as refused:
        engine.info()  # raises when the engine itself is gone
        if plan.baseline is None:
            raise
        # under a draft a refusal of the engine is an outcome like any other
        life.failures.append(Failure(life.phase, "", f"{refused.tried}: {refused.happened}"))
    return life.run()


def start_watched(engine: Engine, twin: Twin, sensor: Sensor, plan: Plan) -> tuple[Failure, ...]:
    """Only the beginning: start a created twin, watched, until it is ready. What failed, if something did."""
    life = _Life(engine, twin, plan, "start", lambda _: None, Watched(sensor))
    life.watched.follow(twin.containers)
    with contextlib.suppress(_PhaseFailedError):
        life.begin()
    return tuple(life.failures)


@dataclass
class _Life:
    engine: Engine
    twin: Twin
    plan: Plan
    name: str
    tell: Callable[[Phase], None]
    watched: Watched
    measured: Measured = field(default_factory=Measured)
    own: float = 0.0  # seconds in starts, stops and exercises
    phase: Phase = Phase.START
    phases: list[Phase] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    ended: set[str] = field(default_factory=set)  # ids of containers that ended by themselves
    restarts: dict[str, int] = field(default_factory=dict)  # container id → restarts when it became ready
    stopped: dict[tuple[str, Phase], Stopped] = field(default_factory=dict)
    healthy: set[str] = field(default_factory=set)
    ready_in: dict[Phase, float] = field(default_factory=dict)
    sent: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    not_borne: frozenset[tuple[str, str]] = frozenset()
    responses: dict[str, set[Response]] = field(default_factory=lambda: defaultdict(set))
    written: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    lasting: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    addresses: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    zombies: dict[str, int] = field(default_factory=dict)
    complaints: dict[str, frozenset[str]] = field(default_factory=dict)
    recovered: frozenset[str] = frozenset()

    # ---- the life cycle, in order -------------------------------------------------------------------

    def go(self) -> None:
        """Go through all phases; raises _PhaseFailedError at the first that does not work."""
        self._timed(self.twin.create)
        self.watched.follow(self.twin.containers)
        self.begin()
        self._work(Phase.FIRST, Phase.START, "first")
        self._signals()
        self._stop(Phase.STOP)
        if self._start_again():
            self._work(Phase.SECOND, Phase.SECOND_START, "second")
        if self._live_again():
            self._crash()
            self._stop(Phase.LAST_STOP)
        self.watched.collect()
        self.remember_end()

    def begin(self) -> None:
        """The first start, until all is ready; raises _PhaseFailedError."""
        self._start(Phase.START, self.twin.start)

    def _start_again(self) -> bool:
        """The same containers started again; False where that fails in the baseline (a stale pid file)."""
        baseline = self.plan.baseline
        if baseline is not None and Phase.SECOND_START not in baseline.phases:
            return False
        return self._passes(
            "the same containers started again",
            {Phase.SECOND_START},
            lambda: self._start(Phase.SECOND_START, self.twin.start_again),
        )

    def _live_again(self) -> bool:
        """The life of new containers on the old volumes, up to their stop; False where the baseline has none."""
        baseline = self.plan.baseline
        if baseline is not None and Phase.RECREATED not in baseline.phases:
            return False
        self.remember_end()
        self._timed(self.twin.recreate)
        self.watched.follow(self.twin.containers)

        def live() -> None:
            self._start(Phase.RECREATED_START, self.twin.start)
            self._work(Phase.RECREATED, Phase.RECREATED_START, "second")

        # the project may keep what the exercise looks for in the container itself: true before any seal
        return self._passes(
            "containers made anew on the same volumes", {Phase.RECREATED_START, Phase.RECREATED}, live
        )

    def _passes(self, part: str, phases: Collection[Phase], live: Callable[[], None]) -> bool:
        """Whether a part of the life cycle passes: where it does not without a seal either, it is left out and told."""
        known = len(self.failures)
        try:
            live()
        except _PhaseFailedError:
            if self.plan.baseline is not None:
                raise
            lost = "; ".join(
                f"{failure.service}: {failure.text}" if failure.service else failure.text
                for failure in self.failures[known:]
            )
            del self.failures[known:]
            self.phases = [phase for phase in self.phases if phase not in phases]
            self.skipped.append(f"{part}: fails without a seal too ({lost})")
            return False
        return True

    def _start(self, phase: Phase, start: Callable[[], Started]) -> None:
        self._enter(phase)
        began = time.monotonic()
        self.ended.clear()
        started = self._timed(start)
        if not started.ok:
            text = f"{started.why}: {started.message}{self._last_words_of(started.service)}"
            not_started = started.why == "not started"
            self._fail(started.service, text, FailureKind.NOT_STARTED if not_started else FailureKind.OTHER)
        self._timed(self._await_ready)
        self.ready_in[phase] = time.monotonic() - began
        for container in self.twin.containers:
            self.restarts[container.id] = self.engine.state(container.id).restart_count

    def _await_ready(self, crashed: Mapping[str, int] | None = None) -> None:
        """Until all are ready; `crashed`: restart counts of those that were killed, by container id."""
        patience = self.plan.patience(self.phase)
        readiness = Readiness(
            self.engine, self.twin, self.plan, self.watched, self.phase, crashed or {}, patience
        )
        while waiting := readiness.waiting():
            for container, kind, failure in readiness.look():
                self._fail(container.service, f"{failure}{self._last_words(container)}", kind)
            if waiting:
                time.sleep(POLL)
        self.ended |= readiness.ended
        self.healthy |= readiness.healthy
        for container in self.twin.containers:
            if address := self.twin.address(container.service):
                self.addresses[address] = container.service

    def _work(self, phase: Phase, start: Phase, word: str) -> None:
        self._enter(phase)
        try:
            self._timed(lambda: self._exercise_all(word))
            self._look()
        except _PhaseFailedError:
            self._blame_questions()
            raise
        self.watched.collect()
        self._compare_ports(start, phase)
        self._measure()
        self._count_zombies()

    def _stop(self, phase: Phase) -> None:
        self._enter(phase)
        self._measure()
        for end in self._timed(self.twin.stop):
            service, now = end.container.service, Stopped(end.exit_code, end.by_itself)
            known = self.stopped.get((service, phase))
            if known is None or now.exit_code:  # of several replicas the worst counts
                self.stopped[service, phase] = now
        self.watched.collect()
        self._compare_stop(phase)

    # ---- working ------------------------------------------------------------------------------------

    def _exercise_all(self, word: str) -> None:
        for service in self._serving():
            for port in sorted(self._ports_to_ask(service)):
                self.responses[service] |= self._settled_answers(service, port)
        environment = self.twin.environment(word)
        for exercise in self.plan.exercises:
            if exercise.service and exercise.service not in self._serving():
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
                output = result.output.strip()[-2000:]
                self._fail(exercise.service, f"the exercise failed ({ended}): {output}{self._silent()}")

    def _silent(self) -> str:
        """In the baseline: who declares ports and listens on none of them may only need more time."""
        services = self.plan.project.services
        silent = [
            name for name in self._serving() if services[name].ports and not self.watched.listening(name)
        ]
        if self.plan.baseline is not None or not silent:
            return ""
        return (
            f"; {', '.join(silent)} listens on no port yet: more time (--ready-timeout), or a health check?"
        )

    def _settled_answers(self, service: str, port: str) -> frozenset[Response]:
        """What a port answers, once a service behind it had the time to come up."""
        deadline = time.monotonic() + SETTLE
        baseline = self.plan.baseline
        before = baseline.responses.get(service, frozenset()) if baseline is not None else frozenset()
        speaks_http = builtin.speaks_http(before or self.responses[service], port)
        while True:
            number = int(port.removeprefix("tcp/"))
            asked = builtin.ask(self.twin.address(service), number, http=speaks_http)
            answers = frozenset(replace(a, question=f"{self.phase}: {a.question}") for a in asked)
            worse = worse_answer(before, answers)
            if not worse:
                return answers
            if time.monotonic() > deadline:
                self._fail(service, worse)
            time.sleep(POLL)

    def _look(self) -> None:
        """Whether every container is still what it should be."""
        for container in self.twin.containers:
            state = self.engine.state(container.id)
            if state.restart_count > self.restarts.get(container.id, 0):
                self._fail(container.service, f"was restarted{self._last_words(container)}")
            if not state.running and container.id not in self.ended:
                text = f"ended with exit code {state.exit_code}{self._last_words(container)}"
                self._fail(container.service, text, FailureKind.ENDED)
            if state.health == "unhealthy":
                self._fail(container.service, "its health check says unhealthy")

    def _compare_ports(self, *phases: Phase) -> None:
        baseline = self.plan.baseline
        if baseline is None:
            return
        for service in self._serving():
            missing = baseline.listening(service, *phases) - self.watched.listening(service, *phases)
            if missing:
                self._fail(service, f"does not listen on {', '.join(sorted(missing))}")

    def _ports_to_ask(self, service: str) -> frozenset[str]:
        """TCP ports: those that the baseline asked, in the baseline those that are open by now and bear it."""
        if self.plan.baseline is not None:
            return frozenset(answer.port for answer in self.plan.baseline.responses.get(service, ()))
        ports = (port for port in self.watched.listening(service) if port.startswith("tcp/"))
        return frozenset(port for port in ports if (service, port) not in self.plan.not_borne)

    def _blame_questions(self) -> None:
        """A service that ended may not bear the built-in questions: the next baseline goes without."""
        if self.plan.baseline is None:
            ended = self._ended_of(self._serving())
            self.not_borne |= {
                (service, answer.port) for service in ended for answer in self.responses[service]
            }

    # ---- signals ------------------------------------------------------------------------------------

    def _signals(self) -> None:
        wanted = to_send(self.engine, self.twin.containers, self.plan)
        if not wanted:
            return
        self._enter(Phase.SIGNALS)
        for signal in SIGNALS:
            receivers = sorted(service for service, signals in wanted.items() if signal in signals)
            if not receivers:
                continue
            for container in self.twin.containers:
                if container.service in receivers:
                    self.engine.signal_from_host(container.id, signal)
            self._works_again(signal, receivers)
            for service in receivers:
                self.sent[service].append(signal)
        self.watched.collect()

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
                culprits = self._ended_of(receivers) or receivers
                self.not_borne = frozenset((service, signal) for service in culprits)
                raise

    def _ended_of(self, services: list[str]) -> list[str]:
        ended = []
        for container in self.twin.containers:
            if container.service in services:
                state = self.engine.state(container.id)
                if not state.running or state.restart_count > self.restarts.get(container.id, 0):
                    ended.append(container.service)
        return ended

    # ---- a crash ------------------------------------------------------------------------------------

    def _crash(self) -> None:
        """Killed, a service must come back as it did in the baseline; one that did not there is left out."""
        baseline = self.plan.baseline
        victims = [
            container
            for container in self.twin.containers
            if container.id not in self.ended
            and (baseline is None or container.service in baseline.recovered)
            and restarted_after_a_crash(self.engine, container)
        ]
        if not victims:
            return
        self._enter(Phase.CRASH)

        def recover() -> None:
            back, lost = self._timed(lambda: crash(self.engine, victims))
            for container in lost:
                self._fail(container.service, f"killed, it is not started again{self._last_words(container)}")
            self._timed(lambda: self._await_ready(back))
            for service in sorted({container.service for container in victims}):
                for port in sorted(self._ports_to_ask(service)):
                    self.responses[service] |= self._settled_answers(service, port)

        if self._passes("a crash", {Phase.CRASH}, recover):
            self.recovered = frozenset(container.service for container in victims)

    # ---- stopping, and what is remembered ----------------------------------------------------------

    def _compare_stop(self, phase: Phase) -> None:
        if self.plan.baseline is None:
            return
        for (service, when), now in self.stopped.items():
            before = self.plan.baseline.stopped.get((service, when))
            if when is phase and before is not None and (worse := worse_stop(before, now)):
                self._fail(service, worse)

    def remember_end(self) -> None:
        """What is gone once the containers are removed: of the baseline the paths of the upper layer, then the log."""
        if self.plan.baseline is not None:
            self._read_logs()
            return
        containers = self.twin.containers
        with ThreadPoolExecutor() as pool:
            changes = tuple(pool.map(lambda container: self.engine.changed(container.id), containers))
        for container, changed in zip(containers, changes, strict=True):
            self.written[container.service] |= {change.path for change in changed}
            there = {change.path for change in changed if change.kind != "deleted"}
            self.lasting[container.service] |= there

    def _read_logs(self) -> None:
        facts = self.watched.facts()
        for container in self.twin.containers:
            service = container.service
            if paths := unread(facts.get(service, frozenset())):
                found = complained_of(self.engine.logs(container.id), paths)
                self.complaints[service] = self.complaints.get(service, frozenset()) | found

    def _enter(self, phase: Phase) -> None:
        self.phase = phase
        if phase not in self.phases:
            self.phases.append(phase)
        self.watched.enter(phase, self.twin.containers)
        self.tell(phase)

    def _measure(self) -> None:
        for container in self.twin.containers:
            service = self.plan.project.services[container.service]
            data = [m.target for m in service.mounts if m.kind in {"volume", "bind"} and not m.read_only]
            # only the baseline leaves what production has: the data of a service without a seal
            mounts = data if self.plan.baseline is None else []
            self.measured.look(self.engine, container, self.watched.written(service.name), mounts)

    def _count_zombies(self) -> None:
        """Children of main processes that stay zombies; under a draft only where the baseline had some."""
        baseline = self.plan.baseline
        for container in self.twin.containers:
            service = container.service
            if service in self.zombies or (baseline is not None and not baseline.zombies.get(service)):
                continue
            # below the engine's init the application's own children stay with the application
            mains = {self.engine.state(container.id).pid, self.engine.application_pid(container.id)} - {0}
            if lying := left_lying(mains):
                self.zombies[service] = len(lying)

    def _serving(self) -> list[str]:
        return sorted({c.service for c in self.twin.containers if c.id not in self.ended})

    def _last_words(self, container: Container) -> str:
        words = self.engine.logs(container.id).strip().splitlines()[-5:]
        return f"; its last words: {' | '.join(words)}" if words else ""

    def _last_words_of(self, service: str) -> str:
        return next((self._last_words(c) for c in self.twin.containers if c.service == service), "")

    def _fail(self, service: str, text: str, kind: FailureKind = FailureKind.OTHER) -> NoReturn:
        self.failures.append(Failure(self.phase, service, text, kind))
        raise _PhaseFailedError

    def _timed(self, call: Callable[[], _T]) -> _T:
        began = time.monotonic()
        try:
            return call()
        finally:
            self.own += time.monotonic() - began

    def run(self) -> Run:
        """Everything seen so far, as a value."""
        facts = self.watched.facts()
        services = {container.service for container in self.twin.containers} | set(facts)
        return Run(
            name=self.name,
            facts=facts,
            phases=tuple(self.phases),
            failures=tuple(self.failures),
            stopped=dict(self.stopped),
            signals={service: tuple(signals) for service, signals in self.sent.items()},
            responses={service: frozenset(answers) for service, answers in self.responses.items()},
            peaks={
                service: self.measured.peaks(service, facts.get(service, frozenset())) for service in services
            },
            written={service: frozenset(paths) for service, paths in self.written.items()},
            lasting={service: frozenset(paths) for service, paths in self.lasting.items()},
            mounted={service: dict(found) for service, found in self.measured.mounted.items()},
            sizes={service: dict(sizes) for service, sizes in self.measured.sizes.items()},
            zombies=dict(self.zombies),
            complaints=dict(self.complaints),
            recovered=self.recovered,
            addresses=dict(self.addresses),
            healthy=frozenset(self.healthy),
            ready_in=dict(self.ready_in),
            restarts={self.watched.services[i]: n for i, n in self.restarts.items()},
            not_borne=self.not_borne,
            lost=self.watched.lost,
            skipped=tuple(self.skipped),
            seconds=time.monotonic() - self.watched.began,
            own_seconds=self.own,
            last_new_fact=self.watched.last_new_fact,
        )
