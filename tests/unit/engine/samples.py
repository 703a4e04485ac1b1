"""Real `docker compose config` outputs, and small configurations for one thing each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lacre.engine.normalise import undouble

DATA = Path(__file__).resolve().parent / "data"


def config(name: str) -> dict[str, Any]:
    """The resolved configuration of data/NAME, `$` not doubled."""
    resolved: dict[str, Any] = undouble(json.loads((DATA / name / "config.json").read_text()))
    return resolved


def one_service(**service: Any) -> dict[str, Any]:
    return {"name": "p", "services": {"s": {"image": "i", **service}}}
