"""Watching a twin live: exercises, the life cycle, and what it showed."""

from lacre.observe.exercise import end_exercises
from lacre.observe.health import with_quick_health_checks
from lacre.observe.lifecycle import run_life_cycle, start_watched
from lacre.observe.model import (
    Failure,
    FailureKind,
    Mounted,
    Owner,
    Peaks,
    Phase,
    Profile,
    Response,
    Run,
    Stopped,
    profile,
)
from lacre.observe.plan import Exercise, Plan

__all__ = [
    "Exercise",
    "Failure",
    "FailureKind",
    "Mounted",
    "Owner",
    "Peaks",
    "Phase",
    "Plan",
    "Profile",
    "Response",
    "Run",
    "Stopped",
    "end_exercises",
    "profile",
    "run_life_cycle",
    "start_watched",
    "with_quick_health_checks",
]
