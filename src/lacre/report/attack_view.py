"""What the reports say about attacks, sorted and worded once for all of them.

Attacks tried before and after sealing are a `Comparison`, those of one twin alone an `Attacked`; here both are
a matrix for each service: attacks downwards, one or two sides across.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from lacre.attacks.model import (
    STOPPERS,
    Attack,
    Attacked,
    Comparison,
    Group,
    Result,
    Tally,
    Verdict,
    tally,
)
from lacre.report.seal_view import CONTROLS
from lacre.report.text import count, seconds

Tried = Comparison | Attacked

BY_DESIGN: Final = "open by design: needs a seal from inside"

MARKS: Final = {
    Result.WORKED: "✗",
    Result.STOPPED: "✓",
    Result.NOT_APPLICABLE: "–",  # noqa: RUF001 - a dash that is wider than a hyphen
    Result.ERROR: "!",
}


_SHORT: Final = {**CONTROLS, "apparmor": STOPPERS["apparmor"], "engine": "Docker", "kernel": "kernel"}


@dataclass(frozen=True, slots=True)
class Row:
    """One attack on one service; a side is None where the attack was not tried there."""

    attack: Attack
    sides: tuple[Verdict | None, ...]

    @property
    def last(self) -> Verdict | None:
        """The verdict that counts: under the seal where there is one."""
        return self.sides[-1]

    @property
    def works(self) -> bool:
        """Whether it is still open although a seal can stop it."""
        return not self.attack.by_design and self.last is not None and self.last.result is Result.WORKED

    @property
    def lost(self) -> bool:
        """Whether it works under the seal and did not without it."""
        first = self.sides[0]
        return self.works and first is not None and first.result is Result.STOPPED

    @property
    def unfit(self) -> bool:
        """Whether there was nothing to try it on, on the side that counts."""
        return self.last is not None and self.last.result is Result.NOT_APPLICABLE

    @property
    def empty(self) -> bool:
        """Whether there was nothing to try it on, on any side."""
        return all(side is None or side.result is Result.NOT_APPLICABLE for side in self.sides)


@dataclass(frozen=True, slots=True)
class Matrix:
    """All attacks on one service. `labels`: what each side is called."""

    service: str
    labels: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def told(self) -> tuple[Row, ...]:
        """The rows that tell something about a seal."""
        return tuple(row for row in self.rows if not row.attack.by_design and not row.empty)

    @property
    def groups(self) -> dict[Group, tuple[Row, ...]]:
        """Those rows by group, in the order in which the groups first come."""
        return {
            group: tuple(row for row in self.told if row.attack.group is group)
            for group in dict.fromkeys(row.attack.group for row in self.told)
        }

    @property
    def still_works(self) -> tuple[Row, ...]:
        """What a seal could stop and this one does not."""
        return tuple(row for row in self.rows if row.works)

    @property
    def not_applicable(self) -> tuple[Row, ...]:
        """Where there was nothing to try it on in the end."""
        return tuple(row for row in self.rows if not row.attack.by_design and (row.empty or row.unfit))

    @property
    def errors(self) -> tuple[tuple[str, Verdict], ...]:
        """What could not run, with the side on which; those that are open by design too."""
        return tuple(
            (label, side)
            for row in self.rows
            for label, side in zip(self.labels, row.sides, strict=True)
            if side is not None and side.result is Result.ERROR
        )


def sides(tried: Tried) -> dict[str, Attacked]:
    """What was attacked, by what a reader calls it."""
    match tried:
        case Comparison():
            return {"before": tried.before, "after": tried.after}
        case Attacked():
            return {"now": tried}


def matrices(tried: Tried) -> tuple[Matrix, ...]:
    """One matrix a service, by name."""
    attacked = sides(tried)
    services = sorted({service for side in attacked.values() for service in side.verdicts})
    return tuple(_matrix(service, attacked) for service in services)


def _matrix(service: str, attacked: Mapping[str, Attacked]) -> Matrix:
    columns = [
        {verdict.attack.id: verdict for verdict in side.verdicts.get(service, ())}
        for side in attacked.values()
    ]
    attacks = {verdict.attack.id: verdict.attack for column in columns for verdict in column.values()}
    rows = (Row(attack, tuple(column.get(id) for column in columns)) for id, attack in attacks.items())
    return Matrix(service, tuple(attacked), tuple(rows))


def tallies(rows: tuple[Row, ...], labels: tuple[str, ...]) -> dict[str, Tally]:
    """The counts of each side."""
    return {
        label: tally([side for row in rows if (side := row.sides[number]) is not None])
        for number, label in enumerate(labels)
    }


def share(counted: Tally) -> str:
    """How many were stopped, of those that tell: 40/41."""
    return f"{counted.stopped}/{counted.applicable}"


def summary(matrix: Matrix) -> str:
    """A service in one line: before 3/41 stopped · after 40/41 stopped."""
    said = [
        f"{label} {share(counted)} stopped" for label, counted in tallies(matrix.rows, matrix.labels).items()
    ]
    if matrix.errors:
        said.append(count(len(matrix.errors), "error"))
    return " · ".join(said)


def stopped_by(verdict: Verdict) -> str:
    """Who stopped it, by errno and the words of `STOPPERS`: EPERM, system call filter."""
    names = " and ".join(STOPPERS.get(word, word) for word in verdict.by)
    return ", ".join(filter(None, (verdict.errno, names)))


def short(verdict: Verdict | None) -> tuple[str, ...]:
    """`words` in few columns, as lines: who stopped it by the names of the controls, reasons left to another place."""
    if verdict is None:
        return (words(None),)
    mark = MARKS[verdict.result]
    if verdict.result is not Result.STOPPED:
        return (f"{mark} {verdict.result.value}",)
    first, *more = [_SHORT.get(word, word) for word in verdict.by] or ["" if verdict.errno else "stopped"]
    return (" ".join(filter(None, (mark, verdict.errno, first))), *(f"  + {name}" for name in more))


def words(verdict: Verdict | None) -> str:
    """What came of an attack, with a mark that does not need colour."""
    if verdict is None:
        return "not tried"
    mark = MARKS[verdict.result]
    match verdict.result:
        case Result.STOPPED:
            return f"{mark} {stopped_by(verdict) or 'stopped'}"
        case Result.NOT_APPLICABLE:
            return f"{mark} not applicable: {verdict.reason}"
        case _:
            return f"{mark} {verdict.result.value}"


def reasons(matrix: Matrix) -> dict[str, tuple[Attack, ...]]:
    """Why attacks were not applicable, the most frequent reason first."""
    found: dict[str, list[Attack]] = {}
    for row in matrix.not_applicable:
        side = next((side for side in reversed(row.sides) if side is not None), None)
        found.setdefault(side.reason if side else "", []).append(row.attack)
    return {
        reason: tuple(attacks) for reason, attacks in sorted(found.items(), key=lambda pair: -len(pair[1]))
    }


def by_design(tried: tuple[Matrix, ...]) -> dict[Attack, dict[str, tuple[str, ...]]]:
    """What only a seal from inside can stop: attack → what came of it in the end → the services."""
    found: dict[str, tuple[Attack, dict[str, list[str]]]] = {}
    for matrix in tried:
        for row in matrix.rows:
            if row.attack.by_design:
                _, results = found.setdefault(row.attack.id, (row.attack, {}))
                results.setdefault(_outcome(row.last), []).append(matrix.service)
    return {
        attack: {result: tuple(services) for result, services in results.items()}
        for attack, results in found.values()
    }


def _outcome(verdict: Verdict | None) -> str:
    if verdict is None:
        return "not tried"
    return "works" if verdict.result is Result.WORKED else verdict.result.value


def answering(tried: Tried) -> str:
    """How the host and a neighbour answered meanwhile, as a sentence; empty where nobody asked."""
    asked = [found for side in sides(tried).values() for found in side.answering.values()]
    if not asked:
        return ""
    lost = sum(found.lost for found in asked)
    said = f"meanwhile the host answered within {seconds(max(found.host for found in asked))}"
    neighbours = [found.neighbour for found in asked if found.neighbour is not None]
    if neighbours:
        said += f" and a neighbour container within {seconds(max(neighbours))}"
    return said + (f"; {count(lost, 'question')} stayed without an answer in time" if lost else "")


def lost_answers(tried: Tried) -> bool:
    """Whether somebody outside of the twin did not answer in time."""
    return any(found.lost for side in sides(tried).values() for found in side.answering.values())
