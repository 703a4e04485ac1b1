from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lacre.observe.exercise import KEPT_OUTPUT, ExerciseResult, end_exercises, run_exercise


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_it_runs_in_the_directory_with_the_variables(tmp_path: Path) -> None:
    result = run_exercise(
        'echo "$(pwd) $LACRE_PHASE"', directory=tmp_path, environment={"LACRE_PHASE": "first"}, timeout=30
    )
    assert (result.exit_code, result.output) == (0, f"{tmp_path} first\n")


def test_its_exit_code_and_the_end_of_its_output_are_kept(tmp_path: Path) -> None:
    command = "head -c 100000 /dev/zero | tr '\\0' x; echo end >&2; exit 3"
    result = run_exercise(command, directory=tmp_path, environment={}, timeout=30)
    assert result.exit_code == 3
    assert len(result.output) == KEPT_OUTPUT
    assert result.output.endswith("end\n")


def test_after_its_time_it_is_ended(tmp_path: Path) -> None:
    result = run_exercise("echo $$ > pid; exec sleep 600", directory=tmp_path, environment={}, timeout=0.2)
    assert result.exit_code is None
    assert not is_alive(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("start", ["", "setsid "])
def test_what_it_leaves_running_is_ended_with_it(tmp_path: Path, start: str) -> None:
    command = f"{start}sh -c 'echo $$ > pid; exec sleep 600' & until [ -s pid ]; do :; done"
    result = run_exercise(command, directory=tmp_path, environment={}, timeout=30)
    assert result.exit_code == 0
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_its_time_holds_for_what_gave_up_its_environment(tmp_path: Path) -> None:
    began = time.monotonic()
    command = "echo $$ > pid; exec env -i /bin/sleep 20"
    result = run_exercise(command, directory=tmp_path, environment={}, timeout=0.2)
    assert result.exit_code is None
    assert time.monotonic() - began < 15
    assert not is_alive(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("start", ["", "setsid "])
def test_what_gave_up_its_environment_is_ended_with_it(tmp_path: Path, start: str) -> None:
    # With a session of its own only while who began it lives: `sleep 600` after it keeps that one.
    tail = "; sleep 600" if start else ""
    command = f"env -i {start}sh -c 'echo $$ > pid; exec sleep 600' & until [ -s pid ]; do :; done{tail}"
    result = run_exercise(command, directory=tmp_path, environment={}, timeout=0.4 if start else 30)
    assert result.exit_code == (None if start else 0)
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_others_are_left_alone(tmp_path: Path) -> None:
    run_exercise("true", directory=tmp_path, environment={}, timeout=30)
    assert is_alive(os.getpid())


@pytest.mark.parametrize("command", ["touch ended; sleep 600", "touch ended; exec env -i /bin/sleep 600"])
def test_the_exercises_of_one_twin_can_be_ended_from_elsewhere(tmp_path: Path, command: str) -> None:
    def run(project: str, command: str) -> ExerciseResult:
        environment = {"LACRE_PROJECT": project}
        return run_exercise(command, directory=tmp_path, environment=environment, timeout=20)

    with ThreadPoolExecutor() as pool:
        ended = pool.submit(run, "lacre-x-1", command)
        left = pool.submit(run, "lacre-x-10", "touch left; until test -e go; do sleep 0.05; done")
        while not all((tmp_path / name).exists() for name in ("ended", "left")):
            time.sleep(0.02)
        end_exercises("lacre-x-1")
        assert ended.result(30).exit_code in (-9, 137)
        (tmp_path / "go").touch()
        assert left.result(30).exit_code == 0
