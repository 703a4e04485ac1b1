"""What a run of a twin is told: the exercises, the time limits, and what to compare with."""

from __future__ import annotations

from dataclasses import dataclass

from lacre.engine import Project
from lacre.observe.model import Phase, Run

LEAST_PATIENCE = 20.0  # seconds; and this many times what it took before: a host is not always as fast
TIMES = 4


@dataclass(frozen=True, slots=True)
class Exercise:
    """A command that makes the application work; `service` empty: for the whole project."""

    command: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a twin is run. Times are seconds. `not_borne`: service, and the signal or asked port that is left out.

    `at_once`: how many twins run at the same time.
    """

    project: Project
    exercises: tuple[Exercise, ...] = ()
    ready_timeout: float = 120.0
    exercise_timeout: float = 600.0
    baseline: Run | None = None
    not_borne: frozenset[tuple[str, str]] = frozenset()
    at_once: int = 1

    def patience(self, phase: Phase) -> float:
        """Seconds to wait for a start: where it is known how long it took without a seal, some times that."""
        known = self.baseline.ready_in.get(phase) if self.baseline is not None else None
        if known is None:
            return self.ready_timeout
        return min(self.ready_timeout, self.at_once * max(LEAST_PATIENCE, TIMES * known))
