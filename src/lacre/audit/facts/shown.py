"""Reading what the engine shows: JSON whose parts may be absent, null, or of another kind than is said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MANY = 2000  # of anything in one object


def part(shown: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object of that name; an empty one where there is none."""
    found = shown.get(name)
    return found if isinstance(found, Mapping) else {}


def dicts(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list, the first few thousand."""
    return [one for one in value[:MANY] if isinstance(one, Mapping)] if isinstance(value, list) else []


def texts(value: Any) -> tuple[str, ...]:
    """A text or a list of them."""
    if isinstance(value, str):
        return (value,)
    return tuple(str(text) for text in value[:MANY]) if isinstance(value, list) else ()
