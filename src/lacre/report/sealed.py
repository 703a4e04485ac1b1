"""What `lacre seal` prints at its end: the table, what is refused, what is off, what was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lacre.attacks.model import Comparison
from lacre.engine.project import Project, Service
from lacre.report import attacks
from lacre.report import seal_view as view
from lacre.report.text import Cell, Look, count, seconds, size, styled, table, visible, warning
from lacre.seal.model import Seal, ServiceSeal

COLUMNS = ("service", "user", "capabilities", "writable", "syscalls", "memory", "pids")


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedReport:
    """All that it is made from. `spent`: wall seconds by stage; `files`: paths as the user sees them."""

    seal: Seal
    project: Project
    warnings: Sequence[str]
    trials: int
    spent: Mapping[str, float]
    files: Sequence[str]
    written: bool
    next_command: str
    attacks: Comparison | None = None


def render(report: SealedReport, look: Look) -> str:
    """The whole report as text."""
    seal = report.seal
    parts = [table(COLUMNS, _rows(report), look, bold_first=True)]
    parts += _part("left refused", _left(seal), look)
    parts += _part("off", _off(seal), look, style="1;31")
    parts += _part("how complete the exercise was", _completeness(seal), look)
    parts += _part("to know", _notes(seal), look)
    if report.attacks:
        parts.append(attacks.brief(report.attacks, look))
    parts.append(_summary(report))
    if report.warnings:
        parts.append("".join(f"{warning(text, look)}\n" for text in report.warnings))
    parts.append(_written(report))
    return "\n".join(parts)


def _rows(report: SealedReport) -> list[list[Cell]]:
    rows: list[list[Cell]] = []
    for name, sealed in sorted(report.seal.services.items()):
        service = report.project.services.get(name)
        limits = sealed.limits
        rows.append(
            [
                name,
                view.user(sealed, service),
                _capabilities(sealed, service),
                tuple(view.writable(sealed, service)) or "nothing",
                view.system_calls(sealed),
                size(limits.memory) if limits.memory else "as is",
                str(limits.pids) if limits.pids else "as is",
            ]
        )
    return rows


def _capabilities(sealed: ServiceSeal, service: Service | None) -> Cell:
    """The names, and how many there were: below them, or beside a single word."""
    left = view.capabilities(sealed)
    if service is None:
        return left
    before = view.capabilities_before(service)
    return (left, before) if sealed.capabilities.add else f"{left} {before}"


def _part(title: str, rows: list[list[str]], look: Look, style: str = "1") -> list[str]:
    if not rows:
        return []
    return [f"{styled(title, style, look)}\n{table([''] * len(rows[0]), rows, look)}"]


def _left(seal: Seal) -> list[list[str]]:
    return [
        [name, left.what, left.reason + _where(left.by, left.phase)]
        for name, sealed in sorted(seal.services.items())
        for _, setting in view.settings(sealed)
        for left in setting.left
    ]


def _where(by: str, phase: str) -> str:
    said = [part for part in (by, phase) if part]
    return f" ({', '.join(said)})" if said else ""


def _off(seal: Seal) -> list[list[str]]:
    return [[off.service, off.control, off.reason] for off in view.controls_off(seal)]


def _completeness(seal: Seal) -> list[list[str]]:
    rows = []
    for name, sealed in sorted(seal.services.items()):
        said = sealed.completeness.model_copy(update={"phases": ()})
        rows.append([name, "; ".join(view.completeness(said))])
    return rows


def _notes(seal: Seal) -> list[list[str]]:
    """Each note once, with the services that it is about."""
    about: dict[str, list[str]] = {}
    for name, sealed in sorted(seal.services.items()):
        for note in sealed.notes:
            about.setdefault(note, []).append(name)
    return [[" ".join(names), note] for note, names in about.items()]


def _summary(report: SealedReport) -> str:
    whole = not view.controls_off(report.seal)
    spent = ", ".join(f"{visible(stage)} {seconds(number)}" for stage, number in report.spent.items())
    return (
        f"{'sealed' if whole else 'sealed, but not whole'}: margin {report.seal.margin.value}, "
        f"{count(report.trials, 'trial')}{f' ({spent})' if spent else ''}\n"
    )


def _written(report: SealedReport) -> str:
    files = ", ".join(visible(file) for file in _grouped(report.files))
    if not report.written:
        return f"nothing written (--dry-run); would write {files}\n"
    command = "\n  ".join(visible(line) for line in report.next_command.splitlines())
    return f"wrote {files}\nnext: {command}\n"


def _grouped(files: Sequence[str]) -> list[str]:
    """The files, with the seccomp profiles of one directory as one pattern."""
    shown: list[str] = []
    for file in files:
        directory, slash, name = file.rpartition("/")
        entry = f"{directory}/*.json" if slash and name.endswith(".json") else file
        if entry not in shown:
            shown.append(entry)
    return shown
