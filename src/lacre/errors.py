"""Everything that lacre can fail with: what was tried, what happened, what to do next.

Exit codes: 0 sealed whole; 3 sealed with a control off; 1 not proved, nothing written;
2 wrong use or wrong ground; 130 interrupted.
"""

from __future__ import annotations


class LacreError(Exception):
    """A failure that the user can act on; `cli` prints its three parts and no traceback."""

    exit_code = 2

    def __init__(self, tried: str, happened: str, next_step: str) -> None:
        """`tried`, `happened` and `next_step` are one sentence each, without a full stop."""
        super().__init__(f"{tried}: {happened}")
        self.tried = tried
        self.happened = happened
        self.next_step = next_step


class UsageError(LacreError):
    """The command line, or a file that it names, cannot be used as it is."""


class GroundError(LacreError):
    """This host or engine lacks something that the command needs."""


class EngineError(LacreError):
    """The Docker engine or Compose refused a request, or went away."""


class SensorError(LacreError):
    """The native sensor could not start, or died while watching."""


class TargetError(LacreError):
    """The target does not work as it is, so there is nothing to compare a seal with."""

    exit_code = 1


class NotProvedError(LacreError):
    """No seal was found under which the exercise passes; nothing was written."""

    exit_code = 1


class NotAppliedError(LacreError):
    """A change to the host failed; everything is as it was before."""

    exit_code = 1


class HalfDoneError(LacreError):
    """A change to the host failed, and so did the way back; the journal is kept."""

    exit_code = 3
