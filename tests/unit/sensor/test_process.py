"""The session with the native program, with a program in its place that says what a test wants."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lacre.errors import SensorError
from lacre.sensor import process
from lacre.sensor.process import Sensor
from lacre.sensor.wire import VERSION, Kind, encode
from tests.unit.sensor.records import BLANK

# Longer than a thread that died needs to say so, shorter than the patience of who watches a test.
PATIENCE = 20.0


def record(kind: Kind, value: int = 0, detail: int = 0) -> bytes:
    return encode(replace(BLANK, kind=kind, value=value, detail=detail, first=b"/x"))


def speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, first: bytes, then: bytes) -> None:
    """A program that says `first` at once, and `then` when it is given a command."""
    (tmp_path / "first").write_bytes(first)
    (tmp_path / "then").write_bytes(then)
    program = tmp_path / "sensor"
    program.write_text(f"#!/bin/sh\ncd {tmp_path}\ncat first\nread line\ncat then\ncat > /dev/null\n")
    program.chmod(0o755)
    monkeypatch.setattr(process, "binary", lambda: str(program))
    monkeypatch.setattr(process, "_ANSWER_SECONDS", PATIENCE)


@pytest.mark.parametrize(
    "unknown", [record(Kind.WRITE, detail=999), record(Kind.REFUSAL, detail=999)], ids=["write", "refusal"]
)
def test_a_record_that_nobody_knows_ends_the_session_at_once(
    unknown: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = record(Kind.DONE, value=1)
    speaks(tmp_path, monkeypatch, first=record(Kind.READY, value=VERSION), then=done + unknown)
    with Sensor() as sensor:
        sensor.watch("c")
        with pytest.raises(SensorError) as ended:
            sensor.facts()
    assert ended.value.tried == "Read the sensor's records"
    assert "999" in ended.value.happened
    assert "Install lacre again" in ended.value.next_step


def test_bytes_that_are_no_records_end_the_session_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks(tmp_path, monkeypatch, first=b"\xff" * 80, then=b"")
    with Sensor() as sensor, pytest.raises(SensorError) as ended:
        sensor.watch("c")
    assert ended.value.tried == "Read the sensor's records"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_any_other_mistake_of_the_reader_ends_the_session_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> None:
        raise ArithmeticError

    speaks(tmp_path, monkeypatch, first=record(Kind.READY, value=VERSION), then=record(Kind.LOST))
    monkeypatch.setattr(Sensor, "_take", wrong)
    with Sensor() as sensor, pytest.raises(SensorError) as ended:
        sensor.watch("c")
    assert ended.value.tried == "Read the sensor's records"


def test_a_program_that_ended_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "sensor"
    program.write_text("#!/bin/sh\necho no more >&2\nexit 14\n")
    program.chmod(0o755)
    monkeypatch.setattr(process, "binary", lambda: str(program))
    with Sensor() as sensor, pytest.raises(SensorError) as ended:
        sensor.watch("c")
    assert ended.value.happened == "it ended with exit code 14: no more"
