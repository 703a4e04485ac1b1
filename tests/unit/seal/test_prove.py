"""The prove loop against invented applications: no Docker, no controls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from lacre.seal.prove import Outcome, ServiceOutcome, Trial, prove, smallest
from lacre.sensor import Refusal, RefusedBecause

Draft = frozenset[str]


def refusal(what: str) -> Refusal:
    return Refusal(
        container="c", phase="start", by="/app", uid=0, because=RefusedBecause.CAPABILITY,
        what=what, syscall="chown", errno=1, question=False, writing=False,
    )  # fmt: skip


@dataclass(frozen=True)
class App:
    """Needs things in an order; each is named by a refusal, only asked for, or silent; some are never granted."""

    named: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()  # of those borne: functions that it works without, but not as it did
    borne: tuple[str, ...] = ()  # refused, never granted, and it works all the same
    at_once: int = 1  # how many named refusals it survives before it ends
    company: tuple[str, ...] = ()  # named refusals that are granted although nothing needs them
    breaks: tuple[str, ...] = ()  # what it does not bear to be granted


@dataclass(frozen=True)
class InventedAdvice:
    app: App
    seen: list[Draft] = field(default_factory=list)

    def draft(self) -> Draft:
        return frozenset()

    def same(self, one: Draft, other: Draft) -> bool:
        return one == other

    def mend(self, draft: Draft, outcome: ServiceOutcome) -> Draft:
        return draft | {r.what for r in outcome.refusals if r.what not in self.app.borne}

    def answer(self, draft: Draft, outcome: ServiceOutcome) -> Draft:
        return draft | {r.what for r in outcome.questions}

    def reject(self, draft: Draft, outcome: ServiceOutcome) -> Draft | None:
        lost = {r.what for r in outcome.refusals} & set(self.app.lost)
        return draft | lost if lost - draft else None

    def named(self, draft: Draft, outcome: ServiceOutcome) -> Draft | None:
        known = {f"without {r.what}" for r in outcome.refusals if r.phase == outcome.phase} & {"without b2"}
        return draft | known if known - draft else None

    def loosen(self, draft: Draft, outcome: ServiceOutcome) -> tuple[int, Draft] | None:
        del outcome
        left = [thing for thing in ("x", "y", "z") if thing not in draft]
        return (len(draft), draft | {left[0]}) if left else None

    def removable(self, draft: Draft, outcome: ServiceOutcome) -> Sequence[str]:
        del outcome
        return sorted(draft)

    def without(self, draft: Draft, items: frozenset[str]) -> Draft:
        return draft - items


def run_app(app: App, draft: Draft) -> ServiceOutcome:
    missing = [need for need in app.named if need not in draft]
    refused = [*missing[: app.at_once], *app.borne]
    if missing:
        refused += [thing for thing in app.company if thing not in draft]
        return ServiceOutcome(failed="ended", phase="start", refusals=tuple(map(refusal, refused)))
    asked = [need for need in app.asked if need not in draft]
    broken = bool(asked) or any(need not in draft for need in app.silent) or bool(draft & {*app.breaks})
    return ServiceOutcome(
        failed="ended" if broken else "",
        phase="start" if broken else "",
        refusals=tuple(map(refusal, refused)),
        questions=tuple(map(refusal, asked)),
    )


def run_all(
    apps: Mapping[str, App], tried: list[Mapping[str, Draft]], drafts: Mapping[str, Draft]
) -> Outcome:
    tried.append(dict(drafts))
    services = {name: run_app(app, drafts[name]) for name, app in apps.items()}
    works = not any(outcome.failed for outcome in services.values())
    return Outcome(works, services, tuple(o.failed for o in services.values() if o.failed))


def alone(trial: Callable[[Mapping[str, Draft]], Outcome]) -> Trial[Draft]:
    """A trial of several drafts is one after the other."""
    return lambda batch, _: [trial(drafts) for drafts in batch]


def works(app: App, draft: Draft) -> bool:
    outcome = run_app(app, draft)
    return not outcome.failed


names = st.lists(st.sampled_from([f"n{i}" for i in range(6)]), unique=True).map(tuple)
apps = st.builds(
    App,
    named=names,
    asked=st.lists(st.sampled_from(["q1", "q2"]), unique=True).map(tuple),
    silent=st.lists(st.sampled_from(["x", "y", "z"]), unique=True).map(tuple),
    borne=st.lists(st.sampled_from(["b1", "b2"]), unique=True).map(tuple),
    company=st.lists(st.sampled_from(["c1", "c2", "c3"]), unique=True).map(tuple),
    at_once=st.integers(1, 4),
)


@given(st.dictionaries(st.sampled_from(["web", "app", "db"]), apps, min_size=1))
def test_it_ends_with_the_smallest_drafts_and_a_trial_has_seen_them_working(project: dict[str, App]) -> None:
    tried: list[Mapping[str, Draft]] = []
    advice = {name: InventedAdvice(app) for name, app in project.items()}
    proof = prove(advice, alone(lambda drafts: run_all(project, tried, drafts)), most_trials=2000)
    assert proof.drafts is not None
    assert dict(proof.drafts) in tried
    assert proof.trials == len(tried)
    for name, app in project.items():
        assert set(proof.drafts[name]) == {*app.named, *app.asked, *app.silent}


@given(apps, st.randoms())
def test_the_result_does_not_depend_on_the_order_of_refusals(app: App, random: object) -> None:
    def shuffled(drafts: Mapping[str, Draft]) -> Outcome:
        outcome = run_app(app, drafts["web"])
        refusals = list(outcome.refusals)
        random.shuffle(refusals)  # type: ignore[attr-defined]
        mixed = replace(outcome, refusals=tuple(refusals))
        return Outcome(not outcome.failed, {"web": mixed})

    one = prove({"web": InventedAdvice(app)}, alone(shuffled))
    other = prove({"web": InventedAdvice(app)}, alone(lambda drafts: run_all({"web": app}, [], drafts)))
    assert one.drafts == other.drafts


def test_a_first_draft_that_works_costs_one_trial() -> None:
    tried: list[Mapping[str, Draft]] = []
    project = {"web": App(borne=("b1",))}
    proof = prove(
        {"web": InventedAdvice(project["web"])}, alone(lambda drafts: run_all(project, tried, drafts))
    )
    assert proof.trials == 1


def test_a_draft_that_works_but_loses_a_function_is_not_the_last() -> None:
    project = {"web": App(borne=("b1",), lost=("b1",))}
    tried: list[Mapping[str, Draft]] = []
    proof = prove(
        {"web": InventedAdvice(project["web"])}, alone(lambda drafts: run_all(project, tried, drafts))
    )
    assert tried[0] == {"web": frozenset()}
    assert dict(tried[1]) == {"web": {"b1"}}
    assert proof.drafts is not None


class Keeps(InventedAdvice):
    """Takes nothing back."""

    def removable(self, draft: Draft, outcome: ServiceOutcome) -> Sequence[str]:
        del draft, outcome
        return ()


def test_a_service_that_works_is_not_given_what_it_asks_for_because_another_fails() -> None:
    def trial(drafts: Mapping[str, Draft]) -> Outcome:
        web = run_app(App(asked=("q1",)), drafts["web"])
        idle = () if "q2" in drafts["db"] else (refusal("q2"),)
        return Outcome(not web.failed, {"web": web, "db": ServiceOutcome(questions=idle)})

    proof = prove({"web": Keeps(App()), "db": Keeps(App())}, alone(trial))
    assert proof.drafts == {"web": {"q1"}, "db": frozenset()}


def test_where_nothing_else_helps_a_service_that_works_is_given_what_it_asks_for() -> None:
    def trial(drafts: Mapping[str, Draft]) -> Outcome:
        works = "q2" in drafts["db"]
        web = ServiceOutcome(failed="" if works else "cannot reach db")
        return Outcome(works, {"web": web, "db": ServiceOutcome(questions=() if works else (refusal("q2"),))})

    proof = prove({"web": Keeps(App()), "db": Keeps(App())}, alone(trial))
    assert proof.drafts == {"web": frozenset(), "db": {"q2"}}


def test_who_only_waits_for_another_gives_nothing_up() -> None:
    def trial(drafts: Mapping[str, Draft]) -> Outcome:
        works = "without b2" in drafts["db"]
        web = ServiceOutcome(failed="" if works else "unhealthy", phase="start")
        db = ServiceOutcome(phase="start", refusals=() if works else (refusal("b2"),))
        return Outcome(works, {"web": web, "db": db})

    proof = prove({"web": Keeps(App()), "db": Keeps(App(borne=("b2",)))}, alone(trial))
    assert proof.drafts == {"web": frozenset(), "db": {"without b2"}}
    assert proof.trials == 2


def test_a_failure_by_chance_is_tried_again_also_where_something_is_refused_in_another_phase() -> None:
    failures = iter(("no answer", "", ""))

    def trial(drafts: Mapping[str, Draft]) -> Outcome:
        del drafts
        failed = next(failures)
        web = ServiceOutcome(failed=failed, phase="first work" if failed else "", refusals=(refusal("b1"),))
        return Outcome(not failed, {"web": web})

    proof = prove({"web": InventedAdvice(App(borne=("b1",)))}, alone(trial))
    assert proof.drafts == {"web": frozenset()}
    assert proof.trials == 2


def test_what_nothing_makes_work_is_not_proved() -> None:
    project = {"web": App(silent=("unheard of",))}
    proof = prove({"web": InventedAdvice(project["web"])}, alone(lambda drafts: run_all(project, [], drafts)))
    assert proof.drafts is None
    assert proof.failures == ("ended",)


def test_an_application_that_wants_something_new_each_time_is_given_up() -> None:
    counter = iter(range(10_000))

    def restless(drafts: Mapping[str, Draft]) -> Outcome:
        del drafts
        new = refusal(f"n{next(counter)}")
        return Outcome(False, {"web": ServiceOutcome(failed="no", phase="start", refusals=(new,))})

    proof = prove({"web": InventedAdvice(App())}, alone(restless), most_trials=12)
    assert proof.drafts is None
    assert proof.trials == 12


@given(st.sets(st.integers(0, 15)), st.sets(st.integers(0, 15)))
def test_smallest_keeps_what_is_needed_and_nothing_else(items: set[int], needed: set[int]) -> None:
    needed &= items
    assert (
        set(smallest(sorted(items), lambda batch: [needed <= set(kept) for kept in batch], most=1000))
        == needed
    )


@given(st.lists(st.integers(0, 15), unique=True), st.randoms(use_true_random=False))
def test_none_of_the_smallest_can_be_taken_away_alone(items: list[int], random: object) -> None:
    answers: dict[frozenset[int], bool] = {frozenset(items): True}

    def whim(kept: Sequence[int]) -> bool:
        return answers.setdefault(frozenset(kept), random.random() < 0.3)  # type: ignore[attr-defined]

    kept = smallest(items, lambda batch: [whim(kept) for kept in batch], most=10_000)
    assert answers[frozenset(kept)]
    assert not any(whim([other for other in kept if other != item]) for item in kept)


@given(
    st.dictionaries(st.sampled_from(["web", "app", "db"]), apps, min_size=1),
    st.integers(2, 9),
    st.integers(1, 40),
)
def test_the_result_is_the_same_however_many_trials_run_side_by_side(
    project: dict[str, App], jobs: int, most: int
) -> None:
    advice = {name: InventedAdvice(app) for name, app in project.items()}
    batches: list[tuple[int, int]] = []

    def trial(batch: Sequence[Mapping[str, Draft]], made: int) -> list[Outcome]:
        batches.append((len(batch), made))
        return [run_all(project, [], drafts) for drafts in batch]

    together = prove(advice, trial, most, side_by_side=jobs)
    assert all(1 <= size <= jobs and made + size <= most for size, made in batches)
    assert together == prove(advice, trial, most)
    if together.drafts is not None:
        assert together.outcome == run_all(project, [], together.drafts)


@given(
    st.lists(st.integers(0, 15), unique=True),
    st.randoms(use_true_random=False),
    st.integers(2, 9),
    st.integers(0, 30),
)
def test_smallest_counts_only_the_answers_that_it_would_have_asked_for_one_by_one(
    items: list[int], random: object, jobs: int, most: int
) -> None:
    answers: dict[frozenset[int], bool] = {}

    def whim(batch: Sequence[Sequence[int]]) -> list[bool]:
        assert batch
        return [answers.setdefault(frozenset(kept), random.random() < 0.3) for kept in batch]  # type: ignore[attr-defined]

    together = smallest(items, whim, most, side_by_side=jobs)
    assert together == smallest(items, whim, most)


def test_questions_that_do_not_wait_for_each_other_are_asked_at_once() -> None:
    asked: list[int] = []

    def none_works(batch: Sequence[Sequence[str]]) -> list[bool]:
        asked.append(len(batch))
        return [False] * len(batch)

    assert smallest("abcd", none_works, side_by_side=4) == list("abcd")
    assert asked == [4, 3]  # all; two halves; one by one


def test_what_works_with_a_loss_is_the_answer_where_nothing_else_works() -> None:
    app = App(named=("n1",), borne=("b1",), lost=("b1",), breaks=("b1",))
    tried: list[Mapping[str, Draft]] = []
    proof = prove({"web": InventedAdvice(app)}, alone(lambda drafts: run_all({"web": app}, tried, drafts)))
    assert proof.drafts == {"web": frozenset({"n1"})}
    assert proof.outcome is not None and proof.outcome.works
    assert proof.trials == len(tried)
    assert any("b1" in drafts["web"] for drafts in tried)
