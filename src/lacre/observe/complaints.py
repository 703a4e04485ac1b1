"""Refused paths that an application complains of in its log: of the log itself nothing is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lacre.sensor import AnyFact, Refusal, RefusedBecause

MOST_PATHS = 500  # looked for in one log
MOST_LINES = 5000  # the last ones
LONGEST_LINE = 4096  # characters of a line that are looked at

_TROUBLE = re.compile(r"denied|not permitted|error|fail|cannot|can't|could not|unable", re.IGNORECASE)


def unread(facts: Iterable[AnyFact]) -> frozenset[str]:
    """The paths that may not be read; a refused DAC_READ_SEARCH is about a path too."""
    return frozenset(
        fact.path or fact.what
        for fact in facts
        if isinstance(fact, Refusal)
        and fact.because in {RefusedBecause.PERMISSION, RefusedBecause.CAPABILITY}
        and not fact.writing
    )


def complained_of(log: str, paths: Iterable[str]) -> frozenset[str]:
    """Those of the paths that a line of the log names in full beside a word of trouble.

    A time, a process id or an address in the line does not matter, and what else it says (a secret, an escape
    sequence) is forgotten.
    """
    wanted = sorted({path for path in paths if len(path) > 1})[:MOST_PATHS]
    lines = [line[:LONGEST_LINE] for line in log.splitlines()[-MOST_LINES:]]
    text = "\n".join(line for line in lines if _TROUBLE.search(line))
    return frozenset(path for path in wanted if _names(text, path))


def _names(text: str, path: str) -> bool:
    """Whether the path stands there by itself, not as the beginning or end of another."""
    return path in text and bool(re.search(rf"(?<![\w/.-]){re.escape(path)}(?![\w/-]|\.\w)", text))
