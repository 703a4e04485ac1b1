"""What a run of a twin is told: the exercises, the time limits, and what to compare with."""

from __future__ import annotations

from dataclasses import dataclass

from lacre.engine import Project
from lacre.observe.model import Run


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
