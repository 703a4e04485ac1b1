"""What a run of a twin is told: the exercises, the time limits, and what to compare with."""

from __future__ import annotations

from collections.abc import Mapping
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
    """How a twin is run. Times are seconds. `not_borne`: service, and the signal or asked port that is left out."""

    project: Project
    exercises: tuple[Exercise, ...] = ()
    ready_timeout: float = 120.0
    exercise_timeout: float = 600.0
    baseline: Run | None = None
    not_borne: frozenset[tuple[str, str]] = frozenset()

    def patience(self, phase: Phase, own: Mapping[Phase, float]) -> float:
        """Seconds to wait for a start; `own`: what this run's starts took, which a baseline is measured by."""
        known = own.get(Phase.START) if self.baseline is None else self.baseline.ready_in.get(phase)
        if known is None:
            return self.ready_timeout
        return min(self.ready_timeout, max(LEAST_PATIENCE, TIMES * known))
