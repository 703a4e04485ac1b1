"""Harmless attacks on a twin, before and after sealing: what a seal stops, and what it leaves open.

Knows the twin and the sensor, and nothing of seals.
"""

from lacre.attacks.model import (
    STOPPERS,
    Answering,
    Attack,
    Attacked,
    Comparison,
    Group,
    Result,
    StepTaken,
    Tally,
    Verdict,
    tally,
)
from lacre.attacks.registry import ATTACKS
from lacre.attacks.run import ENDED, Victims, attack_twin
from lacre.attacks.stage import VOLUME, program, staged

__all__ = [
    "ATTACKS",
    "ENDED",
    "STOPPERS",
    "VOLUME",
    "Answering",
    "Attack",
    "Attacked",
    "Comparison",
    "Group",
    "Result",
    "StepTaken",
    "Tally",
    "Verdict",
    "Victims",
    "attack_twin",
    "program",
    "staged",
    "tally",
]
