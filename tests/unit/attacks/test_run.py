"""What the steps of an attack come to, and what the host counts beside them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.attacks.model import Attack, Counter, Group, Result, Scene, Step, StepTaken, attack, tally
from lacre.attacks.run import counted, user_of, verdict
from lacre.engine import ImageInfo
from lacre.engine.inside import Credentials

results = st.sampled_from(Result)


@attack(
    "try",
    "Try",
    group=Group.WRITING,
    technique="T1",
    control="filesystem",
    sign="EROFS",
    mend="read_only: true",
)
def try_it(scene: Scene) -> Sequence[Step]:
    """A page."""
    return [Step("create", (scene.directory,))]


def step(result: Result, *, by: str = "", counter: Counter = Counter.NONE, amount: int = 0) -> StepTaken:
    taken = Step("create", ("/etc",), counter=counter, amount=amount)
    return StepTaken(step=taken, result=result, by=by, detail="why")


@given(st.lists(results, min_size=1))
def test_one_way_that_works_is_enough_and_an_error_never_counts_as_a_stop(taken: list[Result]) -> None:
    found = verdict(try_it, [step(result) for result in taken]).result
    if Result.WORKED in taken:
        assert found is Result.WORKED
    elif Result.ERROR in taken:
        assert found is Result.ERROR
    else:
        assert found is (Result.STOPPED if Result.STOPPED in taken else Result.NOT_APPLICABLE)


def test_a_stop_names_everybody_who_had_a_part_in_it_once() -> None:
    steps = [step(Result.STOPPED, by=by) for by in ("filesystem", "syscalls", "filesystem")]
    assert verdict(try_it, steps).by == ("filesystem", "syscalls")


def test_an_attack_without_any_step_has_nothing_to_be_tried_on() -> None:
    assert verdict(try_it, []).result is Result.NOT_APPLICABLE
    assert verdict(try_it, []).reason


def test_cpu_was_not_taken_where_the_kernel_enforced_a_limit() -> None:
    spun = step(Result.WORKED, counter=Counter.CPU_PERIODS)
    assert counted(spun, 3, 9).by == "limits"
    assert counted(spun, 3, 3).result is Result.WORKED


def test_a_log_that_was_rotated_meanwhile_was_not_flooded() -> None:
    flood = step(Result.WORKED, counter=Counter.LOG, amount=1000)
    assert counted(flood, 500, 1600).result is Result.WORKED
    assert counted(flood, 500, 700).by == "logging"
    assert counted(flood, 500, 20).by == "logging"


def test_a_log_that_got_none_of_the_flood_tells_nothing() -> None:
    flood = step(Result.WORKED, counter=Counter.LOG, amount=1000)
    assert counted(flood, 500, 500).result is Result.ERROR


@pytest.mark.parametrize("counter", [Counter.CPU_PERIODS, Counter.LOG])
def test_what_the_host_cannot_count_is_an_error(counter: Counter) -> None:
    assert counted(step(Result.WORKED, counter=counter), None, 4).result is Result.ERROR
    assert counted(step(Result.STOPPED, counter=counter), None, None).result is Result.STOPPED


@pytest.mark.parametrize(
    ("gid", "groups", "user"),
    [
        (33, {33}, "33:33"),  # the engine would give more groups by name than the application has
        (33, {33, 7, 8}, "www"),
        (33, {33, 7, 8, 9}, "www"),  # group_add
        (33, {33, 7}, "33:33"),
        (99, {7, 8}, "33:99"),
    ],
)
def test_an_attack_has_the_groups_of_the_application(gid: int, groups: set[int], user: str) -> None:
    image = ImageInfo.model_construct(names={"www": 33}, accounts={33: 33}, memberships={33: (7, 8)})
    own = Credentials(
        uid=33,
        gid=gid,
        capabilities=0,
        no_new_privileges=False,
        seccomp=True,
        apparmor="",
        groups=frozenset(groups),
    )
    assert user_of(own, image) == user


def test_counts_keep_apart_what_is_open_by_design() -> None:
    open_attack = Attack(**{**_fields(try_it), "control": "", "by_design": "no seal can"})  # type: ignore[arg-type]
    verdicts = [
        verdict(try_it, [step(Result.STOPPED)]),
        verdict(try_it, [step(Result.WORKED)]),
        verdict(try_it, [step(Result.ERROR)]),
        verdict(try_it, []),
        verdict(open_attack, [step(Result.WORKED)]),
    ]
    found = tally(verdicts)
    assert (found.stopped, found.worked, found.errors, found.not_applicable, found.by_design) == (
        1,
        1,
        1,
        1,
        1,
    )
    assert found.applicable == 2


def _fields(of: Attack) -> dict[str, object]:
    return {name: getattr(of, name) for name in Attack.__dataclass_fields__}
