"""What `lacre doctor` prints: what this host and engine can observe and enforce, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lacre.report.text import Look, table


class State(StrEnum):
    """Whether something is there."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One line of the doctor. `needed`: `lacre seal` cannot do without it; `do`: what to do, if anything."""

    group: str
    what: str
    state: State
    why: str
    do: str = ""
    needed: bool = False

    @property
    def missing(self) -> bool:
        """Whether this alone keeps `lacre seal` from working."""
        return self.needed and self.state is State.NO


def ready(checks: Sequence[Check]) -> bool:
    """Whether `lacre seal` can work here."""
    return not any(check.missing for check in checks)


def render(checks: Sequence[Check], look: Look) -> str:
    """The whole report as text: one table a group, in the order in which the groups first come."""
    parts = []
    for group in dict.fromkeys(check.group for check in checks):
        rows = [
            [check.what, _state(check), (check.why, f"→ {check.do}") if check.do else check.why]
            for check in checks
            if check.group == group
        ]
        parts.append(table([group, "", ""], rows, look))
    missing = [check.what for check in checks if check.missing]
    if missing:
        parts.append(f"lacre seal cannot work here: {', '.join(missing)}\n")
    else:
        parts.append("lacre seal can work here\n")
    return "\n".join(parts)


def _state(check: Check) -> str:
    return check.state.value.upper() if check.missing else check.state.value
