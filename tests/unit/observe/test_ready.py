"""When a twin is ready, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from lacre.engine import Container, ContainerState, project_from_config
from lacre.observe import Phase, Run, builtin, ready
from lacre.observe.plan import LEAST_PATIENCE, TIMES, Plan
from lacre.observe.ready import QUIET, SILENT, Readiness
from lacre.sensor import Listening
from tests.unit.seal.invented import APP, run

PORT = "tcp/80"
STEP = 0.5  # seconds between two looks


@dataclass
class World:
    """A clock, what listens by now, and one container that runs: engine, twin and sensor in one."""

    phase: Phase = Phase.START
    now: float = 100.0
    began: float = 100.0
    last_new_fact: float = 0.0
    open: dict[Phase, set[str]] = field(default_factory=dict)
    containers: tuple[Container, ...] = (Container(id="c", service="web", number=1),)

    def collect(self) -> None:
        """Nothing to take over: `open` is the truth."""

    def address(self, _: str) -> str:
        return "here"

    def state(self, _: str) -> ContainerState:
        return ContainerState(
            running=True,
            status="running",
            exit_code=0,
            health="",
            pid=1,
            oom_killed=False,
            restart_count=0,
            started_at="",
            finished_at="",
        )

    def listening(self, _: str, *phases: Phase) -> frozenset[str]:
        return frozenset(port for phase in phases or self.open for port in self.open.get(phase, ()))

    def accepts(self, _: str, port: int) -> bool:
        return f"tcp/{port}" in self.listening("web", self.phase)

    def waits(
        self,
        phase: Phase = Phase.START,
        *,
        opens: float = 10_000,
        service: Mapping[str, Any] | None = None,
        baseline: Run | None = None,
    ) -> tuple[float, list[str]]:
        """How many seconds a start takes where port 80 opens that late, and what is said to have failed."""
        config = {"name": "p", "services": {"web": {"image": "x", **(service or {})}}}
        plan = Plan(project=project_from_config(config, directory=Path("/p")), baseline=baseline)
        self.phase = phase
        began, edge = self.now, cast("Any", self)
        readiness = Readiness(edge, edge, plan, edge, phase, {}, plan.patience(phase))
        while readiness.waiting():
            if self.now - began >= opens:
                self.open[phase] = {PORT}
            if failures := [text for _, _, text in readiness.look()]:
                return self.now - began, failures
            self.now += STEP
        return self.now - began - STEP, []


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()
    monkeypatch.setattr(ready, "time", SimpleNamespace(monotonic=lambda: made.now))
    monkeypatch.setattr(builtin, "accepts", made.accepts)
    return made


PUBLISHED = {"ports": [{"target": 80, "protocol": "tcp", "mode": "ingress"}]}
EXPOSED = {"expose": ["80"]}


def test_a_published_port_is_waited_for_however_late(world: World) -> None:
    assert world.waits(opens=60, service=PUBLISHED) == (60, [])


def test_after_the_whole_time_what_runs_is_ready_all_the_same(world: World) -> None:
    seconds, failures = world.waits(service=PUBLISHED)
    assert 120 <= seconds <= 121
    assert not failures


def test_who_listens_on_another_port_than_the_published_one_is_not_waited_for_longer(world: World) -> None:
    world.open[Phase.START] = {"tcp/8080"}
    assert world.waits(service=PUBLISHED) == (QUIET, [])


def test_a_declared_port_is_waited_for_not_as_long(world: World) -> None:
    assert world.waits(opens=25, service=EXPOSED) == (25, [])
    world.open.clear()
    assert world.waits(service=EXPOSED) == (SILENT, [])


def test_who_declares_nothing_is_ready_once_it_does_nothing_new(world: World) -> None:
    assert world.waits() == (QUIET, [])
    world.began, world.last_new_fact = world.now, 8.0
    assert world.waits() == (8 + QUIET, [])


def test_who_does_something_new_for_ever_is_ready_all_the_same(world: World) -> None:
    world.began, world.last_new_fact = world.now, 10_000.0
    assert world.waits() == (SILENT, [])


def baseline(seconds: float) -> Run:
    fact = Listening(
        container="c", phase=Phase.START, by=APP, uid=0, protocol="tcp", address="0.0.0.0", port=80
    )
    return run("baseline", [fact], ready_in={Phase.START: seconds})


def test_a_trial_waits_for_what_listened_without_a_seal(world: World) -> None:
    assert world.waits(opens=15, baseline=baseline(2)) == (15, [])


def test_a_trial_waits_some_times_as_long_as_it_took_without_a_seal_and_says_what_is_missing(
    world: World,
) -> None:
    for took, patience in ((2.0, LEAST_PATIENCE), (12.0, 12 * TIMES)):
        seconds, failures = world.waits(baseline=baseline(took))
        assert patience < seconds <= patience + 2 * STEP
        assert failures == [f"does not listen on {PORT} after {patience:.0f} s"]


def test_a_second_start_without_a_seal_waits_for_what_listened_at_the_first(world: World) -> None:
    world.open[Phase.START] = {PORT}
    assert world.waits(Phase.SECOND_START, opens=60) == (60, [])


def test_a_port_that_was_for_the_first_start_alone_is_not_waited_for_at_the_second(world: World) -> None:
    world.open = {Phase.START: {PORT, "tcp/9000"}, Phase.SECOND_START: {PORT}}
    assert world.waits(Phase.SECOND_START) == (QUIET, [])


def test_twins_that_run_at_the_same_time_get_more_time() -> None:
    project = project_from_config({"name": "p", "services": {}}, directory=Path("/p"))
    plan = Plan(project=project, baseline=baseline(10))
    assert plan.patience(Phase.START) == 10 * TIMES
    assert replace(plan, at_once=2).patience(Phase.START) == 2 * 10 * TIMES
    assert replace(plan, at_once=9).patience(Phase.START) == plan.ready_timeout
    assert plan.patience(Phase.SECOND_START) == plan.ready_timeout
