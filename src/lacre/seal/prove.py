"""The prove loop: from a draft to a seal that was seen working, by trying.

Pure: it knows neither Docker nor controls. What a draft is, how it is mended and what can be given up is
handed in as one `Advice` a service; `trial` runs all drafts together and tells how it went.

It ends, because mending only grows and there is a last thing to give up; it returns only drafts that a trial
has seen working; and it does not depend on the order in which refusals come in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from lacre.sensor import CapabilityAsked, Refusal

MOST_TRIALS = 60  # no application needs them; a bound against one that behaves anew in each trial


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """How one service fared in a trial.

    `run` names the trial. `failed`: the service itself did not work (empty where only the project as a whole failed).
    `refusals` count by themselves; `questions` only where a phase failed; `asked`: capabilities refused in
    the failed phase although no system call failed. `used`: capabilities that were asked for and had.
    `zombies`: ended children that the main process left lying about. `ungained`: what was done in the baseline with an
    identity that a set-ID program gave, and was not done now.
    """

    run: str = ""
    failed: str = ""
    phase: str = ""
    refusals: tuple[Refusal, ...] = ()
    questions: tuple[Refusal, ...] = ()
    asked: tuple[CapabilityAsked, ...] = ()
    used: frozenset[str] = frozenset()
    zombies: int = 0
    ungained: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial of all services together ended."""

    works: bool
    services: Mapping[str, ServiceOutcome]
    failures: tuple[str, ...] = ()


D = TypeVar("D")


class Advice(Protocol[D]):
    """What is known about sealing one service."""

    def draft(self) -> D:
        """The strictest draft that the facts allow."""

    def same(self, one: D, other: D) -> bool:
        """Whether two drafts allow the same: what they only say may differ."""

    def mend(self, draft: D, outcome: ServiceOutcome) -> D:
        """Lift the counted refusals by narrow grants; state those that are never lifted."""

    def answer(self, draft: D, outcome: ServiceOutcome) -> D:
        """A phase failed and nothing was mended: lift what was only asked for."""

    def reject(self, draft: D, outcome: ServiceOutcome) -> D | None:
        """The project works, but what stays refused is a lost function: what to try instead; None: it may stay."""

    def loosen(self, draft: D, outcome: ServiceOutcome) -> tuple[int, D] | None:
        """The next thing to give up, and how much that costs; None: there is nothing left."""

    def removable(self, draft: D, outcome: ServiceOutcome) -> Sequence[str]:
        """Names of the grants and given-up controls that were never shown to be necessary.

        `outcome`: that of the trial in which the draft works."""

    def without(self, draft: D, items: frozenset[str]) -> D:
        """The draft without some of its removable items."""


Trial = Callable[[Mapping[str, D]], Outcome]


@dataclass(frozen=True, slots=True)
class Proof(Generic[D]):
    """`drafts` None: nothing was found that works; `failures` are those of the last trial."""

    drafts: Mapping[str, D] | None
    trials: int
    failures: tuple[str, ...] = ()


def prove(services: Mapping[str, Advice[D]], trial: Trial[D], most_trials: int = MOST_TRIALS) -> Proof[D]:
    """Find the strictest drafts under which everything works."""
    trials = 0

    def run(drafts: Mapping[str, D]) -> Outcome:
        nonlocal trials
        trials += 1
        return trial(drafts)

    drafts: dict[str, D] = {name: advice.draft() for name, advice in services.items()}
    repeated = False
    while True:
        if trials >= most_trials:
            return Proof(None, trials, (f"still not working after {trials} trials",))
        outcome = run(drafts)
        mended = {name: services[name].mend(draft, _of(outcome, name)) for name, draft in drafts.items()}
        if not _all_same(services, drafts, mended):
            drafts, repeated = mended, False
            continue
        drafts = mended
        if outcome.works:
            rejected = {
                name: services[name].reject(draft, _of(outcome, name)) for name, draft in drafts.items()
            }
            if not any(other is not None for other in rejected.values()):
                break
            drafts = {name: rejected[name] or draft for name, draft in drafts.items()}
            continue
        answered = {name: services[name].answer(draft, _of(outcome, name)) for name, draft in drafts.items()}
        if not _all_same(services, drafts, answered):
            drafts, repeated = answered, False
            continue
        if not repeated and not any(outcome.services[name].refusals for name in outcome.services):
            repeated = True  # nothing was refused: it may have been chance, and giving up is for good
            continue
        repeated = False
        looser = _loosened(services, drafts, outcome)
        if looser is None:
            return Proof(None, trials, outcome.failures)
        drafts = looser

    def works_without(kept: Sequence[tuple[str, str]]) -> bool:
        tried = _without(services, drafts, set(items) - set(kept))
        outcome = run(tried)
        return outcome.works and all(
            services[name].same(draft, services[name].mend(draft, _of(outcome, name)))
            for name, draft in tried.items()
        )

    items = [
        (name, item)
        for name, draft in drafts.items()
        for item in services[name].removable(draft, _of(outcome, name))
    ]
    kept = smallest(items, works_without, most_trials - trials)
    return Proof(_without(services, drafts, set(items) - set(kept)), trials)


I = TypeVar("I")  # noqa: E741 (an item)


def smallest(items: Sequence[I], works: Callable[[Sequence[I]], bool], most: int = MOST_TRIALS) -> list[I]:
    """The smallest part of `items` that `works`: none of them can be taken away alone.

    Delta debugging (Zeller and Hildebrandt, 2002), reduced to complements. `items` as a whole is known to
    work and is not tried again; `works` is asked at most `most` times.
    """
    kept = list(items)
    parts = 1
    while kept and parts <= len(kept):
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            if most <= 0:
                return kept
            most -= 1
            fewer = kept[:start] + kept[start + size :]
            if works(fewer):
                kept, parts = fewer, max(parts - 1, 1)
                break
        else:
            if parts >= len(kept):
                break
            parts = min(len(kept), parts * 2)
    return kept


def _of(outcome: Outcome, name: str) -> ServiceOutcome:
    return outcome.services.get(name, ServiceOutcome())


def _all_same(services: Mapping[str, Advice[D]], one: Mapping[str, D], other: Mapping[str, D]) -> bool:
    return all(services[name].same(one[name], other[name]) for name in one)


def _loosened(
    services: Mapping[str, Advice[D]], drafts: Mapping[str, D], outcome: Outcome
) -> dict[str, D] | None:
    """One thing given up by one service: one that failed itself before others, the cheapest thing first."""
    ways = []
    for name, draft in drafts.items():
        of_service = _of(outcome, name)
        way = services[name].loosen(draft, of_service)
        if way is not None:
            ways.append((not of_service.failed, way[0], name, way[1]))
    if not ways:
        return None
    _, _, name, looser = min(ways, key=lambda way: way[:3])
    return {**drafts, name: looser}


def _without(
    services: Mapping[str, Advice[D]], drafts: Mapping[str, D], gone: set[tuple[str, str]]
) -> dict[str, D]:
    return {
        name: services[name].without(draft, frozenset(item for of, item in gone if of == name))
        for name, draft in drafts.items()
    }
