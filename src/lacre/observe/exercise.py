"""Running the user's exercises: `sh -c` on the host, in a session of its own, with a time limit."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MOST_ROUNDS = 50  # each ends what the one before saw being born
KEPT_OUTPUT = 8192  # bytes of an exercise's output that are shown when it fails


@dataclass(frozen=True, slots=True)
class ExerciseResult:
    """How an exercise ended. `exit_code` None: it did not end in time."""

    exit_code: int | None
    output: str
    seconds: float


def run_exercise(
    command: str, *, directory: Path, environment: dict[str, str], timeout: float
) -> ExerciseResult:
    """Run a command as the contract of an exercise says; whatever it leaves running is ended with it."""
    began = time.monotonic()
    mark = f"LACRE_EXERCISE={secrets.token_hex(8)}"
    with tempfile.TemporaryFile() as output:
        process: subprocess.Popen[bytes] | None = None
        try:
            process = subprocess.Popen(
                ["/bin/sh", "-c", command],
                cwd=directory,
                env={**os.environ, **environment, **dict([mark.split("=")])},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end_all(mark.encode())
            if process is not None:
                process.wait()
        return ExerciseResult(code, _tail(output), time.monotonic() - began)


def end_exercises(project: str) -> None:
    """Kill the exercises of a twin (LACRE_PROJECT is its name alone); who ran them sees them fail."""
    _end_all(f"LACRE_PROJECT={project}".encode())


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - KEPT_OUTPUT))
    return output.read().decode(errors="replace")


def _end_all(mark: bytes) -> None:
    """Kill what is left of an exercise: daemons that began a session of their own carry its mark as well."""
    for _ in range(MOST_ROUNDS):
        found = list(_marked(mark))
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)


def _marked(mark: bytes) -> Iterator[int]:
    """Living processes whose environment holds the mark (proc_pid_environ(5))."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            with contextlib.suppress(OSError):
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name)
