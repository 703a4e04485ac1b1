from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from lacre.engine.process import run


def test_arguments_are_never_read_by_a_shell() -> None:
    assert run(["printf", "%s", "$(id); `id` 'x"], seconds=10).stdout == "$(id); `id` 'x"


def test_code_output_and_errors_are_kept_apart() -> None:
    said = run(["sh", "-c", "cat; echo bad >&2; exit 3"], seconds=10, stdin="good")
    assert (said.code, said.stdout, said.stderr, said.timed_out) == (3, "good", "bad\n", False)


def test_bytes_that_are_no_text_do_not_break_it() -> None:
    assert run(["printf", "\\377"], seconds=10).stdout == "\udcff"


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        run(["/nonexistent/program"], seconds=1)


def test_after_its_time_the_program_and_its_children_are_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    said = run(["sh", "-c", f"sleep 300 & echo $! > {pid}; echo begun; wait"], seconds=0.2)
    assert (said.timed_out, said.stdout) == (True, "begun\n")
    _gone(int(pid.read_text()))


def test_an_interruption_ends_the_program_and_goes_on(tmp_path: Path) -> None:
    pid = tmp_path / "pid"

    def interrupt() -> None:
        deadline = time.monotonic() + 10
        while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < deadline:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run(["sh", "-c", f"echo $$ > {pid}; exec sleep 300"], seconds=60)
    _gone(int(pid.read_text()))


def test_an_interruption_while_the_program_starts_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Interrupted(subprocess.Popen[str]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            started.append(self.pid)
            signal.raise_signal(signal.SIGINT)  # before anyone but this knows of the program

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "300"], seconds=60)
    _gone(started[0])
    assert signal.getsignal(signal.SIGINT) is handler


def _gone(pid: int) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.01)
    pytest.fail(f"{pid} still runs")
