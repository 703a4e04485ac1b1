"""What a command answers when it is interrupted, and how it ends then."""

from __future__ import annotations

import os
import signal

import pytest
import typer
from typer.testing import CliRunner

from lacre.cli import host
from lacre.cli.interrupt import INTERRUPTED, interruptible
from lacre.errors import EngineError, HalfDoneError, LacreError
from lacre.host import work


def interrupted() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_twins_command_says_what_it_does_now_and_what_came_of_it() -> None:
    said: list[str] = []
    with pytest.raises(typer.Exit) as ended, interruptible(said.append):
        interrupted()
    assert ended.value.exit_code == INTERRUPTED
    assert said == [
        "interrupted: ending the exercise and removing the twin",
        "interrupted: nothing was written",
    ]


def test_what_could_not_be_put_in_order_is_said() -> None:
    said: list[str] = []
    with pytest.raises(typer.Exit) as ended, interruptible(said.append, answer="one moment"):
        try:
            interrupted()
        finally:
            raise EngineError("removing the twin", "it stays", "run lacre clean")
    assert ended.value.exit_code == INTERRUPTED
    assert said == [
        "one moment",
        "interrupted, and not all could be put in order: it stays",
        "run lacre clean",
    ]


def test_a_host_left_half_changed_is_never_taken_for_an_interruption() -> None:
    with pytest.raises(HalfDoneError), interruptible(lambda _: None):
        try:
            interrupted()
        finally:
            raise HalfDoneError("bringing the host back", "a file is read-only", "see the journal")


@pytest.mark.parametrize(("command", "function"), [(["apply"], "applied"), (["rollback"], "rolled_back")])
def test_a_command_for_the_host_speaks_of_no_twin(
    command: list[str], function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work_interrupted(*_: object, **__: object) -> None:
        interrupted()

    monkeypatch.setattr(work, function, work_interrupted)
    done = CliRunner().invoke(host.app, command)
    assert done.exit_code == INTERRUPTED
    assert done.output.count("interrupted: ") == 2
    assert "twin" not in done.output


def test_an_error_without_a_signal_passes() -> None:
    with pytest.raises(LacreError), interruptible(lambda _: None):
        raise EngineError("a", "b", "c")
