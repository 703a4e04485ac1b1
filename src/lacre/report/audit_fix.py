"""What `lacre audit --fix` prints: the diff, what is left, and what only a proof can mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lacre.audit.model import Mend
from lacre.report.text import count, visible

if TYPE_CHECKING:
    from lacre.audit.fix import Left, Mended
    from lacre.audit.model import Report


def render(changes: Sequence[Mended], left: Sequence[Left], report: Report) -> str:
    """The diff first; it is made visible line by line, since files may hold anything."""
    text = "".join(f"{visible(line)}\n" for change in changes for line in change.diff().splitlines())
    text += "".join(f"left: {visible(str(one.path))}: {one.why}\n" for one in left)
    if not changes:
        text += "nothing can be mended without changing what an application may do\n"
    proof = sum(found.mend is Mend.PROOF for found in report.open)
    hand = sum(found.mend is Mend.HAND for found in report.open)
    if proof:
        text += (
            f"needs proof: {count(proof, 'finding')}; lacre seal finds the mend that the application bears\n"
        )
    if hand:
        text += f"by hand: {count(hand, 'finding')}; lacre audit --explain ID says how\n"
    return text


def written(changes: Sequence[Mended]) -> str:
    """Which files were written."""
    return f"wrote {', '.join(visible(str(change.path)) for change in changes)}"
