"""What several checks of the engine ask in the same way: one key of its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Unknown, Word


def judged(daemon: Daemon, key: str, bad: Callable[[Any], bool], what: str) -> Iterator[Word]:
    """A finding where the value in force is bad; None is the engine's default, which `bad` knows."""
    value, why = daemon.value(key)
    if why:
        yield Unknown(f"{key}: {why}")
    elif bad(value):
        yield Finding(what=what, path=key)
