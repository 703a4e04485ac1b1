"""The process's own terminal: the one place that reads NO_COLOR, CI, TERM and the width."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, TextIO

from lacre.report.text import Look, warning

if TYPE_CHECKING:
    from lacre.report.progress import Lines, Live

_WIDTH_WITHOUT_TERMINAL = 100


class Screen:
    """Standard output carries results only; all that is said besides goes to standard error."""

    def __init__(self) -> None:
        self._live: Live | None = None

    @property
    def look(self) -> Look:
        """How a result may look."""
        return _look(sys.stdout)

    @property
    def error_look(self) -> Look:
        """How a message may look."""
        return _look(sys.stderr)

    def result(self, text: str) -> None:
        """Print a result, as it is."""
        sys.stdout.write(text if text.endswith("\n") else f"{text}\n")
        sys.stdout.flush()

    def say(self, text: str) -> None:
        """Print a message; a terminal that is gone (SIGHUP), or busy, is no reason to fail."""
        # RuntimeError: a signal came in the middle of another write
        with contextlib.suppress(OSError, RuntimeError):
            if self._live is not None and self._live.running:
                self._live.say(text)
                return
            sys.stdout.flush()
            sys.stderr.write(f"{text}\n")
            sys.stderr.flush()

    def warn(self, text: str) -> None:
        """Print a warning; hostile characters in it are made visible."""
        self.say(warning(text, self.error_look))

    def confirm(self, question: str) -> bool:
        """Whether the person at the terminal says yes; without a terminal nobody does."""
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            self.say(f"{question} there is no terminal to ask: --yes says so")
            return False
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def progress(self) -> Lines | Live:
        """A live picture on a terminal, plain lines elsewhere and in CI."""
        from lacre.report.progress import Lines, Live

        if sys.stderr.isatty() and not os.environ.get("CI") and os.environ.get("TERM") != "dumb":
            self._live = Live(sys.stderr, time.monotonic, color=self.error_look.color)
            return self._live
        return Lines(sys.stderr, time.monotonic)


def today() -> str:
    """The day, in UTC, as it is written on a report."""
    return time.strftime("%Y-%m-%d", time.gmtime())


def _look(stream: TextIO) -> Look:
    terminal = stream.isatty()
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    width = (
        shutil.get_terminal_size((_WIDTH_WITHOUT_TERMINAL, 24)).columns
        if terminal
        else _WIDTH_WITHOUT_TERMINAL
    )
    return Look(width=width, color=terminal and not plain)
