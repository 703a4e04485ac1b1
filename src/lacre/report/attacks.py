"""What `lacre attack` prints: for each service which attack was stopped, by what, and what is still open."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Attack
from lacre.report import attack_view as view
from lacre.report.attack_view import Matrix, Tried
from lacre.report.seal_view import CONTROLS
from lacre.report.text import Cell, Look, heading, styled, table, visible, warning


def render(tried: Tried, look: Look, *, verbose: bool = False) -> str:
    """The whole report as text. `verbose`: name what was not applicable instead of only counting it."""
    found = view.matrices(tried)
    parts = []
    for matrix in found:
        parts.append(_head(matrix, look) + _matrix(matrix, look))
        parts += _still_works([matrix], look) + _errors([matrix], look)
        parts += _not_applicable(matrix, look, verbose=verbose)
    return "\n".join([*parts, *_by_design(found, look), *_answering(tried, look)])


def brief(tried: Tried, look: Look) -> str:
    """One line a service, what still works, and what went wrong: the part of `lacre seal`'s report."""
    found = view.matrices(tried)
    rows = [[matrix.service, view.summary(matrix)] for matrix in found]
    parts = [f"{heading('attacks', look)}\n{table(['', ''], rows, look, bold_first=True)}"]
    parts += _still_works(found, look) + _errors(found, look)
    parts += _part(view.BY_DESIGN, "1", ["", ""], [row[:2] for row in _by_design_rows(found)], look)
    return "\n".join([*parts, *(_answering(tried, look) if view.lost_answers(tried) else [])])


def names(attacks: Sequence[Attack], look: Look) -> str:
    """All attacks: identifier, title, technique, and which control stops it."""
    rows = [
        [attack.id, attack.title, attack.technique, CONTROLS.get(attack.control, "open by design")]
        for attack in attacks
    ]
    return table(["attack", "", "technique", "stopped by"], rows, look, bold_first=True)


def summary(tried: Tried) -> dict[str, str]:
    """Each service in one line, for the progress of a run: before 3/41 stopped · after 40/41 stopped."""
    return {matrix.service: view.summary(matrix) for matrix in view.matrices(tried)}


def _head(matrix: Matrix, look: Look) -> str:
    return f"{heading(visible(matrix.service), look)}  {view.summary(matrix)}\n"


def _matrix(matrix: Matrix, look: Look) -> str:
    rows: list[list[Cell]] = []
    for group, members in matrix.groups.items():
        counts = view.tallies(members, matrix.labels).values()
        rows.append([("", group.value), *(("", view.share(counted)) for counted in counts)])
        rows += [[row.attack.title, *map(view.short, row.sides)] for row in members]
    text = table(["attack", *matrix.labels], rows, look) if rows else ""
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def _still_works(found: Sequence[Matrix], look: Look) -> list[str]:
    rows: list[list[Cell]] = [
        [
            *([matrix.service] if len(found) > 1 else []),
            row.attack.title + (" (stopped before!)" if row.lost else ""),
            row.attack.mend,
        ]
        for matrix in found
        for row in matrix.still_works
    ]
    columns = [*([""] if len(found) > 1 else []), "attack", "mend"]
    return _part("still works", "1;31", columns, rows, look)


def _errors(found: Sequence[Matrix], look: Look) -> list[str]:
    rows: list[list[Cell]] = [
        [
            *([matrix.service] if len(found) > 1 else []),
            label,
            verdict.attack.title,
            verdict.reason or "no reason known",
        ]
        for matrix in found
        for label, verdict in matrix.errors
    ]
    title = "errors: these attacks could not run, so nothing is known"
    return _part(title, "1;31", [""] * len(rows[0]) if rows else [], rows, look)


def _not_applicable(matrix: Matrix, look: Look, *, verbose: bool) -> list[str]:
    found = view.reasons(matrix)
    if verbose:
        rows: list[list[Cell]] = [
            [attack.title, reason] for reason, attacks in found.items() for attack in attacks
        ]
    else:
        rows = [[str(len(attacks)), reason] for reason, attacks in found.items()]
    return _part("not applicable", "1", ["", ""], rows, look)


def _by_design(found: tuple[Matrix, ...], look: Look) -> list[str]:
    return _part(view.BY_DESIGN, "1", ["attack", "", "why"], _by_design_rows(found), look)


def _by_design_rows(found: tuple[Matrix, ...]) -> list[list[Cell]]:
    return [
        [
            attack.title,
            tuple(f"{result}: {' '.join(services)}" for result, services in results.items()),
            attack.by_design,
        ]
        for attack, results in view.by_design(found).items()
    ]


def _answering(tried: Tried, look: Look) -> list[str]:
    said = view.answering(tried)
    if not said:
        return []
    return [f"{warning(said, look) if view.lost_answers(tried) else said}\n"]


def _part(title: str, style: str, columns: list[str], rows: list[list[Cell]], look: Look) -> list[str]:
    return [f"{styled(title, style, look)}\n{table(columns, rows, look)}"] if rows else []
