"""Ctrl-C, SIGTERM and a closed terminal: the run unwinds once, and nothing disturbs it while it does."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer

INTERRUPTED = 130

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Whether the run was interrupted, and from when on it no longer can be."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._unwinding = False

    def finish(self) -> None:
        """From here on signals only get an answer: what remains is short and must be whole."""
        self._unwinding = True

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """The first signal unwinds the run; later ones would leave behind what the unwinding removes."""
        del number, frame
        if self._unwinding:
            self._say("still putting things in order; this takes a few seconds")
            return
        self._unwinding = True
        self._say("interrupted: ending the exercise and removing the twin")
        raise KeyboardInterrupt


@contextmanager
def interruptible(
    say: Callable[[str], None], farewell: str = "interrupted: nothing was written"
) -> Iterator[Interruption]:
    """Run the body so that SIGINT, SIGTERM and SIGHUP end it cleanly, with exit code 130."""
    interruption = Interruption(say)
    before = {number: signal.signal(number, interruption.on_signal) for number in _SIGNALS}
    try:
        yield interruption
    except KeyboardInterrupt:
        say(farewell)
        raise typer.Exit(INTERRUPTED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
