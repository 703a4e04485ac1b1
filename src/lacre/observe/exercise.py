"""Running the user's exercises: `sh -c` on the host, in a session of its own, with a time limit."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from lacre.engine.kernel import stat_after_name

KEPT_OUTPUT = 8192  # bytes of an exercise's output that are shown when it fails
# A killed process ends within milliseconds; one that hangs in the kernel is waited for no longer.
_KILL_SECONDS = 10.0

# The outer shell stays, whatever the command executes in its place, so that all of it hangs below a marked process.
_SHELL = ("/bin/sh", "-c", '/bin/sh -c "$1"; exit', "lacre-exercise")


@dataclass(frozen=True, slots=True)
class ExerciseResult:
    """How an exercise ended. `exit_code` None: it did not end in time."""

    exit_code: int | None
    output: str
    seconds: float


class _Process(NamedTuple):
    """A living process, as /proc/PID/stat has it (proc_pid_stat(5))."""

    pid: int
    parent: int
    session: int


def run_exercise(
    command: str, *, directory: Path, environment: dict[str, str], timeout: float
) -> ExerciseResult:
    """Run a command as the contract of an exercise says; whatever it leaves running is ended with it."""
    began = time.monotonic()
    mark = f"LACRE_EXERCISE={secrets.token_hex(8)}"
    with tempfile.TemporaryFile() as output:
        process: subprocess.Popen[bytes] | None = None
        code: int | None = None
        try:
            process = subprocess.Popen(
                [*_SHELL, command],
                cwd=directory,
                env={**os.environ, **environment, **dict([mark.split("=")])},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            ended = _ended([process.pid], timeout)
        finally:
            # It is not waited for before this: until then its number, which is its session's, is nobody else's.
            _end_all(mark.encode(), process.pid if process is not None else None)
            if process is not None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    code = process.wait(_KILL_SECONDS)
        return ExerciseResult(code if ended else None, _tail(output), time.monotonic() - began)


def end_exercises(project: str) -> None:
    """Kill the exercises of a twin (LACRE_PROJECT is its name alone); who ran them sees them fail."""
    _end_all(f"LACRE_PROJECT={project}".encode())


def _tail(output: IO[bytes]) -> str:
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - KEPT_OUTPUT))
    return output.read().decode(errors="replace")


def _end_all(mark: bytes, session: int | None = None) -> None:
    """Kill what is left of an exercise, again and again until a look finds nothing that was born meanwhile.

    Only what has neither the mark in its environment, nor the exercise's session, nor a living ancestor of it
    is not found: a daemon that empties its environment, begins a session and lets go of its parent.
    """
    deadline = time.monotonic() + _KILL_SECONDS
    while found := _left(mark, session):
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not _ended(found, deadline - time.monotonic()):
            return


def _left(mark: bytes, session: int | None) -> frozenset[int]:
    """What carries the mark, is in the session or in one that a marked process began, or descends from such a one."""
    living = _living()
    marked = {process.pid for process in living if _is_marked(process.pid, mark)}
    sessions = {process.session for process in living if process.session in marked} | {session}
    found = marked | {process.pid for process in living if process.session in sessions}
    while more := {p.pid for p in living if p.parent in found and p.pid not in found}:
        found |= more
    return frozenset(found)


def _living() -> tuple[_Process, ...]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            fields = stat_after_name(entry.name)
            if fields and fields[0] not in "ZX":
                found.append(_Process(int(entry.name), int(fields[1]), int(fields[3])))
    return tuple(found)


def _is_marked(pid: int, mark: bytes) -> bool:
    """Whether the environment that a process was executed with holds the mark (proc_pid_environ(5))."""
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _ended(pids: Iterable[int], seconds: float) -> bool:
    """Wait until all of them ended (zombies did); False if one still runs after so many seconds."""
    deadline = time.monotonic() + seconds
    for pid in pids:
        try:
            descriptor = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        try:
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
                return False
        finally:
            os.close(descriptor)
    return True
