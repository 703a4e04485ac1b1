"""What `lacre clean` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lacre.report.text import count, visible

if TYPE_CHECKING:
    from lacre.engine import Cleaned, Leftover


def cleaned(result: Cleaned) -> str:
    """What was removed, what was left and why."""
    text = _list("removed", result.removed)
    text += _list("left, because the lacre that made them may still run:", result.kept)
    if result.failed:
        text += f"could not remove {count(len(result.failed), 'leftover')}:\n"
        text += "".join(f"  {_name(item)}: {visible(why)}\n" for item, why in result.failed)
    return text or "nothing was left behind\n"


def found(items: Sequence[Leftover]) -> str:
    """What would be removed, and what would be left."""
    text = _list("would remove", [item for item in items if not item.alive])
    text += _list(
        "would leave, because the lacre that made them may still run:", [item for item in items if item.alive]
    )
    return text or "nothing was left behind\n"


def _list(verb: str, items: Sequence[Leftover]) -> str:
    if not items:
        return ""
    title = f"{verb} {count(len(items), 'leftover')}:" if not verb.endswith(":") else verb
    return f"{title}\n" + "".join(f"  {_name(item)}\n" for item in items)


def _name(item: Leftover) -> str:
    return visible(f"{item.kind} {item.name}")
