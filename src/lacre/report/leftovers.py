"""What `lacre clean` prints."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.report.text import count, visible


def render(found: Sequence[str], *, removed: bool) -> str:
    """What was found (and removed), one line each."""
    if not found:
        return "nothing was left behind\n"
    lines = "".join(f"  {visible(line)}\n" for line in found)
    what = count(len(found), "leftover")
    return f"{'removed' if removed else 'would remove'} {what}:\n{lines}"
