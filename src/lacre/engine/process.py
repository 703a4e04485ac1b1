"""The one way in which the engine package runs another program: a list of arguments, never a shell."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_GRACE = 5.0  # seconds between TERM and KILL of a program that is no longer wanted


@dataclass(frozen=True, slots=True)
class Finished:
    """What a program left. `code` negative: it died of that signal; `timed_out`: it was ended."""

    code: int
    stdout: str
    stderr: str
    timed_out: bool = False


def run(
    command: Sequence[str],
    *,
    seconds: float,
    stdin: str | None = None,
    directory: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Runs `command` in its own session for at most `seconds`; whatever ends this call ends the program too.

    Raises FileNotFoundError when the program is not there. A terminal's Ctrl-C does not reach the program
    (it has its own session): the exception that it raises here ends it, and then travels on.
    """
    process = None
    try:
        with _signals_later():
            process = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=directory,
                env=dict(environment) if environment is not None else None,
                start_new_session=True,
                text=True,
                encoding="utf-8",
                errors="surrogateescape",
            )
        stdout, stderr = process.communicate(stdin, timeout=seconds)
    except BaseException as error:
        if process is None:
            raise
        stdout, stderr = _end(process)
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        return Finished(process.returncode, stdout, stderr, timed_out=True)
    return Finished(process.returncode, stdout, stderr)


@contextlib.contextmanager
def _signals_later() -> Iterator[None]:
    """What a signal's handler raises comes after the body: in the midst of it, a program that began would be nobody's.

    Python runs the handlers in its main thread, so only there is anything to put off (signal, Python's library).
    """
    came: list[int] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for heard in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if callable(signal.getsignal(heard)):
                handlers[heard] = signal.signal(heard, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for number in came:
            signal.raise_signal(number)


def _end(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ends the whole session of `process`, politely first, and returns what it had said."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_GRACE)
    return "", ""
