"""What `lacre audit` prints on a terminal: what matters most first, then all by check, then the score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from lacre.audit.model import FileState, Found, Mend, Place, Scope, Severity, Verdict
from lacre.audit.score import Group, groups, most, sections
from lacre.report.text import Cell, Look, count, heading, styled, table, visible

if TYPE_CHECKING:
    from lacre.audit.check import Check
    from lacre.audit.model import Answer, FileResult, Report

_STYLES = {Severity.CRITICAL: "1;31", Severity.HIGH: "31", Severity.MEDIUM: "33", Severity.LOW: "2"}
_LISTED = 10  # files that could not be tested, and notes, that are listed before "N more"
_SHOWN = 3  # places of one check that are named before "and N more"


def render(report: Report, checks: Mapping[str, Check], look: Look, *, every: bool = False) -> str:
    """The whole report; `every` also lists each finding with its place."""
    found = groups(report.open, checks)
    parts = [_most(most(found), look)]
    if every:
        parts += [_every(report.open, look), _untold(report, look)]
    parts += [
        _all(found, look),
        _untested(report.files, look, every=every),
        _unknown(report.answers, look),
        _notes(report.files, every=every),
        _score(report, checks, look),
    ]
    parts.append(_sum(report, found))
    return "\n".join(part for part in parts if part)


def _most(found: list[Group], look: Look) -> str:
    if not found:
        return ""
    text = heading("what matters most", look) + "\n"
    for group in found:
        first, more = group.findings[0], len(group.findings) - 1
        severity = styled(f"{first.severity.value:<8}", _STYLES[first.severity], look)
        text += f"  {severity}  {first.check}  {visible(first.what)}\n"
        text += f"            {visible(where(first))}{f', and {more} more' if more else ''}\n"
        text += f"            → {visible(first.do or _first_sentence(group.check.page.mend))}\n"
    return text


def where(found: Found) -> str:
    """A finding's place and subject in words."""
    place = position(found.place) if found.place else found.subject.file
    return f"{place}, {found.subject.title}" if place else found.subject.title


def position(place: Place) -> str:
    """`file:line:column`."""
    return f"{place.file}:{place.line}:{place.column}"


def _first_sentence(text: str) -> str:
    return " ".join(text.split()).partition(". ")[0].removesuffix(".")


def _every(findings: Iterable[Found], look: Look) -> str:
    lines = [
        f"{visible(position(f.place) if f.place else f.subject.file or f.subject.title)}: "
        f"{styled(f.severity.value, _STYLES[f.severity], look)} {f.check} {visible(f.what)}\n"
        for f in sorted(findings, key=lambda f: (f.place or Place(f.subject.file, 0, 0, 0, 0), f.check))
    ]
    return "".join(lines)


def _all(found: list[Group], look: Look) -> str:
    if not found:
        return ""
    rows: list[list[Cell]] = [
        [
            g.check.id,
            g.severity.value,
            g.check.title,
            str(len(g.findings)),
            _subjects(g.findings),
            g.check.mend.value,
        ]
        for g in found
    ]
    return table(["check", "severity", "what must be true", "fails", "in", "mend"], rows, look)


def _subjects(findings: Iterable[Found]) -> str:
    names = list(
        dict.fromkeys(
            found.subject.name if found.subject.scope is Scope.SERVICE else found.subject.title
            for found in findings
        )
    )
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _untested(files: Iterable[FileResult], look: Look, *, every: bool) -> str:
    rows: list[list[Cell]] = [
        [position(file.place) if file.place else file.path, file.why]
        for file in files
        if file.state is FileState.UNTESTABLE
    ]
    shown = rows if every else rows[:_LISTED]
    more = _more(len(rows) - len(shown), "file could not be tested", "files could not be tested")
    return table(["could not be tested", "because"], shown, look) + more if rows else ""


def _untold(report: Report, look: Look) -> str:
    """Questions without an answer, those with the same reason together."""
    reasons = Counter((a.check, a.why) for a in report.answers if a.verdict is Verdict.UNKNOWN)
    rows: list[list[Cell]] = [[check, str(times), why] for (check, why), times in sorted(reasons.items())]
    return table(["could not be tested", "times", "because"], rows, look) if rows else ""


def _unknown(answers: Iterable[Answer], look: Look) -> str:
    """What could not be told of a machine, by reason; for files it is in the JSON."""
    by_reason: dict[str, list[Answer]] = {}
    for answer in answers:
        if answer.verdict is Verdict.UNKNOWN and answer.subject.scope.of_machine:
            by_reason.setdefault(answer.why, []).append(answer)
    rows: list[list[Cell]] = [
        [", ".join(dict.fromkeys(answer.check for answer in some)), why, _titles(some)]
        for why, some in by_reason.items()
    ]
    return table(["could not be told", "because", "of"], rows, look) if rows else ""


def _titles(answers: Iterable[Answer]) -> str:
    names = list(dict.fromkeys(answer.subject.title for answer in answers))
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _notes(files: Iterable[FileResult], *, every: bool) -> str:
    notes = [f"note: {visible(f'{file.path}: {note}')}\n" for file in files for note in file.notes]
    shown = notes if every else notes[:_LISTED]
    return "".join(shown) + _more(len(notes) - len(shown), "note", "notes")


def _more(number: int, one: str, several: str) -> str:
    return f"{number} more {one if number == 1 else several}: --verbose\n" if number > 0 else ""


def _score(report: Report, checks: Mapping[str, Check], look: Look) -> str:
    rows: list[list[Cell]] = [
        [
            score.section.value,
            "-" if score.share is None else f"{score.share}%",
            str(score.passes),
            str(score.fails),
            str(score.unknown),
            str(score.not_applicable),
        ]
        for score in sections(report, checks)
    ]
    columns = ["section", "score", "passes", "fails", "could not be tested", "not applicable"]
    return table(columns, rows, look) if rows else ""


def _sum(report: Report, found: list[Group]) -> str:
    tested = [file for file in report.files if file.state is FileState.TESTED]
    subjects = {(answer.subject.scope, answer.subject.file, answer.subject.name) for answer in report.answers}
    looked = [count(len(tested), "file")] if tested or not subjects else []
    for scope in Scope:
        number = sum(found is scope for found, _, _ in subjects)
        if number:
            looked.append(count(number, scope.value.rpartition(" ")[2]))
    text = ", ".join(looked) + ": "
    numbers = [(s, sum(found.severity is s for found in report.open)) for s in Severity]
    text += ", ".join(f"{number} {s.value}" for s, number in numbers if number) or "no findings"
    hidden = len(report.findings) - len(report.open)
    if hidden:
        text += f"; {hidden} hidden"
    if report.untested:
        things = (
            "file"
            if all(f.kind in ("compose", "dockerfile", "unknown") for f in report.untested)
            else "thing"
        )
        text += f"; {count(len(report.untested), things)} could not be tested"
    if found:
        text += f"\nwhy and how: lacre audit --explain {(most(found) or found)[0].check.id}"
        ways = (
            (sum(f.mend is Mend.PROOF for f in report.open), "need proof (lacre seal)"),
            (sum(f.edit is not None for f in report.open), "can be mended safely (lacre audit --fix)"),
        )
        text += "".join(f"\n{number} {way}" for number, way in ways if number)
    return text + "\n"


def explained(check: Check, look: Look) -> str:
    """A check's page, for `--explain`."""
    page = check.page
    lines = [
        heading(f"{check.id} {check.name}: {page.title}", look),
        "",
        page.why,
        "",
        "Mend: " + page.mend,
        "",
    ]
    lines += ["Example:", "", *(f"    {line}".rstrip() for line in page.example.splitlines()), ""]
    lines.append(
        f"severity {check.severity.value} · level {check.level} · looks at {', '.join(check.scopes)}"
    )
    lines.append(
        f"mend: {check.mend.value}" + (f" · CIS Docker Benchmark 1.6: {check.cis}" if check.cis else "")
    )
    if check.peers:
        lines.append(f"elsewhere: {', '.join(check.peers)}")
    return "\n".join(lines) + "\n"
