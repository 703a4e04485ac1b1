"""Ctrl-C, SIGTERM, SIGKILL and an engine that goes away: nothing half-written, nothing left but what is named."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grounds import Engine26
from tests.sealing import Running, lacre, leftovers
from tests.servers.harness import Server

COMPOSE = "services: {redis: {image: lacre-test/redis, volumes: ['data:/data']}}\nvolumes: {data: {}}\n"
SEAL = ("seal", "--output", "sealed", "--exercise")


@pytest.fixture
def directory(test_server: Callable[[str], Server], tmp_path: Path) -> Path:
    test_server("redis")
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    return tmp_path


def living_in(session: int, name: str = "") -> list[str]:
    """The processes of a session, of one name; those that nobody has waited for yet are dead."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                state, _, _, of = (entry / "stat").read_text().rpartition(")")[2].split()[:4]
                called = (entry / "comm").read_text().strip()
            except OSError:
                continue
            if of == str(session) and state not in "ZX" and called.startswith(name):
                found.append(f"{called} {entry.name}")
    return found


def sensors_of(session: int) -> list[str]:
    return living_in(session, "lacre-sensor")


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGINT, "observing"),
        (signal.SIGINT, "baseline: start"),
        (signal.SIGTERM, "baseline: first work"),
        pytest.param(signal.SIGHUP, "baseline: second start", marks=pytest.mark.long),
        (signal.SIGINT, "trial 1: start"),
        pytest.param(signal.SIGTERM, "trial 1: last stop", marks=pytest.mark.long),
    ],
)
def test_a_signal_ends_a_run_and_leaves_nothing(number: signal.Signals, moment: str, directory: Path) -> None:
    with Running(*SEAL, "sleep 0.5", directory=directory) as run:
        run.wait_for(moment)
        run.send(number)
        assert run.end() == 130, str(run)
        assert "nothing was written" in str(run)
        assert "Traceback" not in str(run) and "defect" not in str(run)
    assert [path.name for path in directory.iterdir()] == ["compose.yaml"]
    assert not leftovers()
    assert not sensors_of(run.pid)


def test_a_second_signal_does_not_disturb_the_unwinding(directory: Path) -> None:
    with Running(*SEAL, "sleep 0.5", directory=directory) as run:
        run.wait_for("baseline: first work")
        run.send(signal.SIGINT)
        run.wait_for("interrupted")
        run.send(signal.SIGINT)
        run.send(signal.SIGTERM)
        assert run.end() == 130, str(run)
    assert not leftovers()


def test_what_an_exercise_left_running_ends_with_an_interrupted_run(directory: Path) -> None:
    exercise = "echo $$ > exercise.pid; sleep 600 & sleep 600"
    with Running(*SEAL, exercise, directory=directory) as run:
        run.wait_for("baseline: first work")
        run.wait_until(
            lambda: (directory / "exercise.pid").exists() and (directory / "exercise.pid").read_text() != ""
        )
        session = int((directory / "exercise.pid").read_text())
        run.send(signal.SIGTERM)
        assert run.end() == 130
    assert not living_in(session)


@pytest.mark.parametrize(
    "moment", ["baseline: start", pytest.param("trial 1: first work", marks=pytest.mark.long)]
)
def test_clean_removes_what_a_killed_run_left(moment: str, directory: Path) -> None:
    with Running(*SEAL, "sleep 0.5", directory=directory) as run:
        run.wait_for(moment)
        run.send(signal.SIGKILL)
        run.end()
    assert leftovers()
    cleaned = lacre("clean", directory=directory)
    assert cleaned.code == 0, str(cleaned)
    assert not leftovers()
    assert [path.name for path in directory.iterdir()] == ["compose.yaml"]
    assert not sensors_of(run.pid)


@pytest.mark.long
def test_clean_leaves_alone_what_still_runs(directory: Path) -> None:
    with Running(*SEAL, "sleep 3", directory=directory) as run:
        run.wait_for("baseline: first work")
        cleaned = lacre("clean", directory=directory)
        assert cleaned.code == 0, str(cleaned)
        assert run.end() == 0, str(run)
    assert not leftovers()


@pytest.mark.parametrize(
    "moment", ["baseline: first work", pytest.param("trial 1: second start", marks=pytest.mark.long)]
)
def test_an_engine_that_goes_away_is_told_in_words(moment: str, directory: Path) -> None:
    with Engine26("overlay2") as ground:
        ground.load(["lacre-test/redis"])
        with Running(*SEAL, "sleep 1", directory=directory, more={"DOCKER_HOST": ground.docker_host}) as run:
            run.wait_for(moment)
            ground.stop()
            assert run.end() in (1, 2), str(run)
            said = str(run)
        assert "Traceback" not in said and "defect" not in said, said
        assert "lacre: " in said and " next: " in said, said
    assert [path.name for path in directory.iterdir()] == ["compose.yaml"]
    assert not sensors_of(run.pid)
