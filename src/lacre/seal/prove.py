"""The prove loop: from a draft to a seal that was seen working, by trying.

Pure: it knows neither Docker nor controls. What a draft is, how it is mended and what can be given up is
handed in as one `Advice` a service; `trial` runs all drafts together and tells how it went.

It ends, because mending only grows and there is a last thing to give up; it returns only drafts that a trial
has seen working; and it depends neither on the order in which refusals come in nor on how many trials run side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Generic, Protocol, TypeVar

from lacre.observe import FailureKind
from lacre.sensor import CapabilityAsked, Refusal

MOST_TRIALS = 60  # no application needs them; a bound against one that behaves anew in each trial


@dataclass(frozen=True, slots=True)
class ServiceOutcome:
    """How one service fared in a trial.

    `run` names the trial. `failed`: the service itself did not work (empty where only the project as a whole failed).
    `how`: in what way, as far as it tells what to give up.
    `refusals` count by themselves; `questions` only where a phase failed; `asked`: capabilities refused in
    the failed phase although no system call failed. `used`: capabilities that were asked for and had.
    `zombies`: ended children that the main process left lying about. `ungained`: what was done in the baseline with an
    identity that a set-ID program gave, and was not done now. `wrote`: the paths of all writes. `executed`: the
    programs that ran.
    """

    run: str = ""
    failed: str = ""
    how: FailureKind = FailureKind.OTHER
    phase: str = ""
    refusals: tuple[Refusal, ...] = ()
    questions: tuple[Refusal, ...] = ()
    asked: tuple[CapabilityAsked, ...] = ()
    used: frozenset[str] = frozenset()
    zombies: int = 0
    ungained: tuple[str, ...] = ()
    wrote: frozenset[str] = frozenset()
    executed: frozenset[str] = frozenset()


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

    def named(self, draft: D, outcome: ServiceOutcome) -> D | None:
        """What to give up because a refusal of the failed phase names it; None: no refusal does."""

    def loosen(self, draft: D, outcome: ServiceOutcome) -> tuple[int, D] | None:
        """The next thing to give up, and how much that costs; None: there is nothing left."""

    def removable(self, draft: D, outcome: ServiceOutcome) -> Sequence[str]:
        """Names of the grants and given-up controls that were never shown to be necessary.

        `outcome`: that of the trial in which the draft works."""

    def without(self, draft: D, items: frozenset[str]) -> D:
        """The draft without some of its removable items."""


Trial = Callable[[Sequence[Mapping[str, D]], int], Sequence[Outcome]]
"""Drafts of all services in, outcomes out: several may run side by side. The number: how many trials count already."""


@dataclass(frozen=True, slots=True)
class Proof(Generic[D]):
    """`drafts` None: nothing was found that works; `failures` are those of the last trial.

    `trials`: those that decided, the same however many ran side by side. `outcome`: of the trial that proved `drafts`.
    """

    drafts: Mapping[str, D] | None
    trials: int
    failures: tuple[str, ...] = ()
    outcome: Outcome | None = None


def prove(
    services: Mapping[str, Advice[D]],
    trial: Trial[D],
    most_trials: int = MOST_TRIALS,
    *,
    side_by_side: int = 1,
) -> Proof[D]:
    """Find the strictest drafts under which everything works.

    What mends or gives up follows from the trial before; only the search for what is needless has trials that do not
    wait for each other, up to `side_by_side` at once.
    """
    found = _first_that_works(services, trial, most_trials)
    if found.drafts is None or found.outcome is None:
        return found
    drafts, outcome, trials = found.drafts, found.outcome, found.trials
    proving = outcome

    def work_without(batch: Sequence[Sequence[tuple[str, str]]]) -> list[bool]:
        nonlocal trials, proving
        tried = [_without(services, drafts, set(items) - set(kept)) for kept in batch]
        outcomes = trial(tried, trials)
        answers = [_needs_nothing(services, one, of) for one, of in zip(tried, outcomes, strict=True)]
        deciding = answers.index(True) if True in answers else len(answers) - 1
        trials += deciding + 1
        if answers[deciding]:
            proving = outcomes[deciding]
        return answers

    items = [
        (name, item)
        for name, draft in drafts.items()
        for item in services[name].removable(draft, _of(outcome, name))
    ]
    kept = smallest(items, work_without, most_trials - trials, side_by_side=side_by_side)
    return Proof(_without(services, drafts, set(items) - set(kept)), trials, outcome=proving)


def _first_that_works(services: Mapping[str, Advice[D]], trial: Trial[D], most_trials: int) -> Proof[D]:
    """Mend and give up until everything works.

    What works with a loss is thrown away for what may work without, and is the answer where nothing else works.
    """
    trials = 0
    drafts: dict[str, D] = {name: advice.draft() for name, advice in services.items()}
    repeated = False
    spare: Proof[D] | None = None
    while True:
        if trials >= most_trials:
            failed: Proof[D] = Proof(None, trials, (f"still not working after {trials} trials",))
            return replace(spare, trials=trials) if spare else failed
        (outcome,) = trial([drafts], trials)
        trials += 1
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
                return Proof(drafts, trials, outcome=outcome)
            spare = spare or Proof(drafts, trials, outcome=outcome)
            drafts = {name: rejected[name] or draft for name, draft in drafts.items()}
            continue
        answered = _answered(services, drafts, outcome)
        if not _all_same(services, drafts, answered):
            drafts, repeated = answered, False
            continue
        looser = _named(services, drafts, outcome)
        if looser is None and not repeated and not _is_explained(outcome):
            repeated = True  # it may have been chance, and giving up costs more
            continue
        repeated = False
        looser = looser or _loosened(services, drafts, outcome)
        if looser is None:
            return replace(spare, trials=trials) if spare else Proof(None, trials, outcome.failures)
        drafts = looser


def _answered(services: Mapping[str, Advice[D]], drafts: Mapping[str, D], outcome: Outcome) -> dict[str, D]:
    """What was only asked for, lifted where it failed; for the others only once that changes nothing."""
    failed = {name for name in drafts if _of(outcome, name).failed}
    answered = dict(drafts)
    for group in (failed, drafts.keys() - failed):
        for name in group:
            answered[name] = services[name].answer(drafts[name], _of(outcome, name))
        if not _all_same(services, drafts, answered):
            break
    return answered


def _needs_nothing(services: Mapping[str, Advice[D]], drafts: Mapping[str, D], outcome: Outcome) -> bool:
    """Whether these drafts work, and nothing was refused that would be mended."""
    return outcome.works and all(
        services[name].same(draft, services[name].mend(draft, _of(outcome, name)))
        for name, draft in drafts.items()
    )


I = TypeVar("I")  # noqa: E741 (an item)


def smallest(
    items: Sequence[I],
    work: Callable[[Sequence[Sequence[I]]], Sequence[bool]],
    most: int = MOST_TRIALS,
    *,
    side_by_side: int = 1,
) -> list[I]:
    """The smallest part of `items` that works: none of them can be taken away alone.

    Delta debugging (Zeller and Hildebrandt, 2002), reduced to complements. `items` as a whole is known to
    work and is not tried again. `work` is asked about up to `side_by_side` parts at once, the next ones if all answers
    are no; of the answers those behind the first yes do not count, so that the result is the same as one by one, also
    where `most` answers are not enough.
    """
    kept = list(items)
    questions = _questions(kept, 1)
    while batch := list(islice(questions, min(side_by_side, most))):
        answers = work([fewer for fewer, _ in batch])
        yes = next((place for place, works in enumerate(answers) if works), None)
        if yes is None:
            most -= len(batch)
            continue
        most -= yes + 1
        kept, parts = batch[yes]
        questions = _questions(kept, max(parts - 1, 1))
    return kept


def _questions(kept: list[I], parts: int) -> Iterator[tuple[list[I], int]]:
    """What is asked as long as all answers are no: `kept` without one of `parts` parts, then of twice as many."""
    while kept and parts <= len(kept):
        size = -(-len(kept) // parts)
        for start in range(0, len(kept), size):
            yield kept[:start] + kept[start + size :], parts
        if parts >= len(kept):
            return
        parts = min(len(kept), parts * 2)


def _of(outcome: Outcome, name: str) -> ServiceOutcome:
    return outcome.services.get(name, ServiceOutcome())


def _all_same(services: Mapping[str, Advice[D]], one: Mapping[str, D], other: Mapping[str, D]) -> bool:
    return all(services[name].same(one[name], other[name]) for name in one)


def _is_explained(outcome: Outcome) -> bool:
    """Whether something was refused in the failed phase to a service that failed, or to any where none did itself."""
    everybody = outcome.services.values()
    to_blame = [of for of in everybody if of.failed] or everybody
    return any(refusal.phase == of.phase for of in to_blame for refusal in of.refusals)


def _named(
    services: Mapping[str, Advice[D]], drafts: Mapping[str, D], outcome: Outcome
) -> dict[str, D] | None:
    """What a refusal names, given up by one service: who failed may only have waited for another."""
    for name in sorted(drafts, key=lambda name: (not _of(outcome, name).failed, name)):
        if (looser := services[name].named(drafts[name], _of(outcome, name))) is not None:
            return {**drafts, name: looser}
    return None


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
