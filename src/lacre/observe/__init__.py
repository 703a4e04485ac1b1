"""Watching a twin live: exercises, the life cycle, and what it showed."""

from lacre.observe.lifecycle import Exercise, Plan, run_life_cycle
from lacre.observe.model import Failure, Peaks, Phase, Profile, Response, Run, Stopped, profile

__all__ = [
    "Exercise",
    "Failure",
    "Peaks",
    "Phase",
    "Plan",
    "Profile",
    "Response",
    "Run",
    "Stopped",
    "profile",
    "run_life_cycle",
]
