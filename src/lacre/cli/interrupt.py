"""Ctrl-C, SIGTERM and a closed terminal: the run unwinds once, and nothing disturbs it while it does."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from lacre.errors import HalfDoneError, LacreError
from lacre.report.text import visible

INTERRUPTED = 130

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Whether the run was interrupted, and from when on it no longer can be."""

    def __init__(self, say: Callable[[str], None], answer: str) -> None:
        self._say = say
        self._answer = answer
        self._unwinding = False
        self.interrupted = False

    def finish(self) -> None:
        """From here on signals only get an answer: what remains is short and must be whole."""
        self._unwinding = True

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """The first signal unwinds the run; later ones would leave behind what the unwinding removes."""
        del number, frame
        if self._unwinding:
            self._say("still putting things in order; this takes a few seconds")
            return
        self._unwinding = self.interrupted = True
        self._say(self._answer)
        raise KeyboardInterrupt


@contextmanager
def interruptible(
    say: Callable[[str], None],
    farewell: str = "interrupted: nothing was written",
    answer: str = "interrupted: ending the exercise and removing the twin",
) -> Iterator[Interruption]:
    """Run the body so that SIGINT, SIGTERM and SIGHUP end it cleanly, with exit code 130.

    `answer` is said at once, `farewell` when all is in order. What could not be put in order has its own exit
    code if it is the host itself that is half changed.
    """
    interruption = Interruption(say, answer)
    # What is ignored stays ignored: nohup, or a job in the background of a script.
    heard = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interruption.on_signal) for number in heard}
    try:
        yield interruption
    except KeyboardInterrupt:
        say(farewell)
        raise typer.Exit(INTERRUPTED) from None
    except HalfDoneError:
        raise
    except LacreError as error:
        if not interruption.interrupted:
            raise
        say(f"interrupted, and not all could be put in order: {visible(error.happened)}")
        say(visible(error.next_step))
        raise typer.Exit(INTERRUPTED) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
