"""All attacks on all services of a twin that runs: the one place where attacks meet engine and sensor."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lacre.attacks import bystander
from lacre.attacks.author import is_of_the_attack, taken
from lacre.attacks.model import (
    Answering,
    Attack,
    Attacked,
    Counter,
    Group,
    Nothing,
    Result,
    Scene,
    Step,
    StepTaken,
    Verdict,
)
from lacre.attacks.scene import look
from lacre.attacks.stage import NEIGHBOUR, NEIGHBOUR_PORT, inside, program
from lacre.engine import Container, Engine, ImageInfo, Twin
from lacre.engine.inside import Credentials, cpu_periods, credentials
from lacre.errors import EngineError
from lacre.sensor import Refusal, Sensor

ENDED: Final = "the service has ended: nothing runs there that could be taken over"
_TRIES: Final = 5
_RESTART_SECONDS: Final = 10.0  # the engine waits 0.1 s before the first restart, and twice as long each time
_POLL: Final = 0.05


@dataclass(frozen=True, kw_only=True)
class Victims:
    """Which services of the twin are attacked, with what is known of them. Mappings are keyed by service.

    `needed`: TCP ports of each other service that the service was seen to speak to.
    """

    images: Mapping[str, ImageInfo]
    needed: Mapping[str, Mapping[str, tuple[int, ...]]]
    closed: bool  # the twin's networks lead nowhere else


def attack_twin(
    engine: Engine,
    twin: Twin,
    sensor: Sensor,
    victims: Victims,
    attacks: Sequence[Attack],
    tell: Callable[[str], None],
) -> Attacked:
    """Try every attack on the first container of every service of a running, watched twin.

    `tell` is told each service before its attacks. Raises EngineError when the engine itself fails; a container
    that ends meanwhile, and is not restarted, makes the rest of its attacks errors.
    """
    verdicts: dict[str, tuple[Verdict, ...]] = {}
    answering: dict[str, Answering] = {}
    seconds: dict[str, float] = {}
    info = engine.info()
    for service, image in victims.images.items():
        began = time.monotonic()
        tell(service)
        container = next((one for one in twin.containers if one.service == service), None)
        if container is None:
            verdicts[service] = _nothing(attacks, "the service is scaled to nothing: it has no container")
            continue

        def seen(container: Container = container, image: ImageInfo = image) -> _Seen:
            needed = victims.needed.get(container.service, {})
            pid = engine.application_pid(container.id)
            own = credentials(pid)
            return _Seen(
                scene=look(
                    engine, twin, container, info=info, image=image, needed=needed, closed=victims.closed
                ),
                own=own,
                user=user_of(own, image),
                pid=pid,
            )

        try:
            victim = _Victim(engine, sensor, container, twin.address(NEIGHBOUR), seen)
        except (EngineError, ProcessLookupError):
            verdicts[service] = _nothing(attacks, ENDED)
            continue
        verdicts[service] = tuple(victim.suffer(attack) for attack in attacks)
        for name, waits in victim.answering.items():
            answering[name] = _worse(answering.get(name), waits)
        seconds[service] = time.monotonic() - began
    return Attacked(verdicts=verdicts, answering=answering, seconds=seconds)


def _nothing(attacks: Iterable[Attack], reason: str) -> tuple[Verdict, ...]:
    return tuple(Verdict(attack=attack, result=Result.NOT_APPLICABLE, reason=reason) for attack in attacks)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """A container as it was when its attacks were planned."""

    scene: Scene
    own: Credentials
    user: str  # the same, as the engine takes it
    pid: int  # of the application's process, on the host


class _Victim:
    """One container under attack. `look` sees it as it is now; EngineError where it does not run."""

    def __init__(
        self,
        engine: Engine,
        sensor: Sensor,
        container: Container,
        neighbour: str,
        look: Callable[[], _Seen],
    ) -> None:
        self._engine, self._sensor, self._container = engine, sensor, container
        self._neighbour, self._look = neighbour, look
        self._seen = look()
        # of the attack that is on: the sensor tells each distinct one once
        self._refusals: list[Refusal] = []
        self.answering: dict[str, Answering] = {}

    def suffer(self, attack: Attack) -> Verdict:
        """Try one attack: all of its steps."""
        if not self._runs():
            return Verdict(
                attack=attack, result=Result.ERROR, reason="the container ended during an attack before this"
            )
        steps = attack.plan(self._seen.scene)
        if isinstance(steps, Nothing):
            return Verdict(attack=attack, result=Result.NOT_APPLICABLE, reason=steps.reason)
        self._sensor.phase(self._container.id, attack.id)
        self._refusals = []
        try:
            if attack.group is Group.EXHAUSTING:
                with bystander.watching(self._engine.ping, self._neighbour, NEIGHBOUR_PORT) as waits:
                    found = [self._take(attack, step) for step in steps]
                self.answering[attack.id] = waits()
            else:
                found = [self._take(attack, step) for step in steps]
        except EngineError as problem:
            ended = not self._engine.state(self._container.id).running
            reason = "the container ended while it was tried" if ended else problem.happened
            return Verdict(attack=attack, result=Result.ERROR, reason=reason)
        return verdict(attack, found)

    def _runs(self) -> bool:
        """Whether it runs, after a restart by the engine too: then it is looked at anew."""
        if self._engine.application_pid(self._container.id) == self._seen.pid:
            return True
        deadline = time.monotonic() + _RESTART_SECONDS
        while (state := self._engine.state(self._container.id)).status == "restarting":
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL)
        if not state.running:
            return False
        with contextlib.suppress(EngineError, ProcessLookupError):
            self._seen = self._look()
        return True

    def _take(self, attack: Attack, step: Step) -> StepTaken:
        """Take one step; again where nothing can be told of it, which a busy machine makes happen.

        Not once more time than a step may take is over: what hung hangs again.
        """
        began = time.monotonic()
        for _ in range(_TRIES):
            found = self._take_once(attack, step)
            if found.result is not Result.ERROR or time.monotonic() - began > step.seconds:
                break
        return found

    def _take_once(self, attack: Attack, step: Step) -> StepTaken:
        before = self._count(step.counter)
        command = inside(step.action, *step.arguments)
        if step.as_root:
            executed = self._engine.execute_as_root(
                self._container.id, program(), command, seconds=step.seconds
            )
        else:
            executed = self._engine.execute(
                self._container.id, command, user=self._seen.user, seconds=step.seconds
            )
        self._refusals += [
            fact
            for fact in self._sensor.facts()
            if isinstance(fact, Refusal)
            and (fact.container, fact.phase) == (self._container.id, attack.id)
            and is_of_the_attack(fact)
        ]
        found = taken(step, executed, self._refusals, self._seen.own)
        return counted(found, before, self._count(step.counter))

    def _count(self, counter: Counter) -> int | None:
        match counter:
            case Counter.CPU_PERIODS:
                return cpu_periods(self._seen.pid)
            case Counter.LOG:
                return self._engine.log_size(self._container.id)
            case Counter.NONE:
                return None


def user_of(own: Credentials, image: ImageInfo) -> str:
    """The application's user as the engine takes it: UID:GID, and by name where only that gives all of its groups.

    The groups that the container's own options add (`group_add`) come with either.
    """
    further = image.memberships.get(own.uid, ())
    if further and own.groups.issuperset(further) and image.accounts.get(own.uid) == own.gid:
        return next(name for name, uid in image.names.items() if uid == own.uid)
    return f"{own.uid}:{own.gid}"


def counted(found: StepTaken, before: int | None, after: int | None) -> StepTaken:
    """A step as the host's counter tells it, where it has one: what the container did may have come to nothing."""
    if found.result is not Result.WORKED or found.step.counter is Counter.NONE:
        return found
    if before is None or after is None:
        return _step(found, Result.ERROR, "the host could not count what came of it")
    match found.step.counter:
        case Counter.CPU_PERIODS if after > before:
            detail = f"{found.detail}; a limit was enforced in {after - before} periods"
            return _step(found, Result.STOPPED, detail, by="limits")
        case Counter.LOG if after == before:
            return _step(found, Result.ERROR, "none of it reached the engine's log")
        case Counter.LOG if after < before or after - before < found.step.amount:
            return _step(found, Result.STOPPED, "the log was rotated", by="logging")
        case _:
            return found


def _step(found: StepTaken, result: Result, detail: str, by: str = "") -> StepTaken:
    return StepTaken(step=found.step, result=result, by=by, detail=detail)


def verdict(attack: Attack, found: Iterable[StepTaken]) -> Verdict:
    """What its steps come to: it worked if one did, was stopped if all that could be tried were."""
    steps = tuple(found)

    def of(result: Result) -> list[StepTaken]:
        return [step for step in steps if step.result is result]

    for result in (Result.WORKED, Result.ERROR):
        if of(result):
            reason = "; ".join(dict.fromkeys(_said(step) for step in of(result)))
            return Verdict(attack=attack, result=result, reason=reason, steps=steps)
    if stops := of(Result.STOPPED):
        return Verdict(
            attack=attack,
            result=Result.STOPPED,
            errno=next((step.errno for step in stops if step.errno), ""),
            by=tuple(dict.fromkeys(step.by for step in stops if step.by)),
            steps=steps,
        )
    reason = "; ".join(dict.fromkeys(step.detail for step in steps)) or "there is nothing to try it on"
    return Verdict(attack=attack, result=Result.NOT_APPLICABLE, reason=reason, steps=steps)


def _said(step: StepTaken) -> str:
    where = " ".join(step.step.arguments[:1])
    return f"{where}: {step.detail}" if where and step.detail else where or step.detail


def _worse(one: Answering | None, other: Answering) -> Answering:
    if one is None:
        return other
    neighbours = [a.neighbour for a in (one, other) if a.neighbour is not None]
    return Answering(
        host=max(one.host, other.host), neighbour=max(neighbours, default=None), lost=one.lost + other.lost
    )
