"""Running the user's exercises: `sh -c` on the host, in a session of its own, with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

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
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            ["/bin/sh", "-c", command],
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            code: int | None = process.wait(timeout)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            _end_session(process)
        return ExerciseResult(code, _tail(output), time.monotonic() - began)


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - KEPT_OUTPUT))
    return output.read().decode(errors="replace")


def _end_session(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the exercise's session, background jobs in other process groups included."""
    for pid in _members(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _members(session: int) -> list[int]:
    members = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            # proc_pid_stat(5): after the command in parentheses come state, ppid, pgrp, session
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                members.append(int(entry.name))
    return members
