"""`lacre audit` for programs: docs/schema/audit.schema.json says what it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lacre.audit.model import Verdict
from lacre.audit.score import groups, most, sections

if TYPE_CHECKING:
    from lacre.audit.check import Check
    from lacre.audit.model import FileResult, Found, Place, Report


def render(report: Report, checks: Mapping[str, Check]) -> str:
    """The whole report as JSON; not ASCII alone would be smaller, but a terminal may show it."""
    return json.dumps(_document(report, checks), indent=1) + "\n"


def _document(report: Report, checks: Mapping[str, Check]) -> dict[str, Any]:
    return {
        "version": 1,
        "files": [_file(file) for file in report.files],
        "first": [group.check.id for group in most(groups(report.open, checks))],
        "findings": [_found(found, checks) for found in report.findings],
        "untested": [
            {"check": a.check, "file": a.subject.file, "subject": a.subject.name, "why": a.why}
            for a in report.answers
            if a.verdict is Verdict.UNKNOWN
        ],
        "score": [
            {
                "section": score.section.value,
                "percent": score.share,
                "passes": score.passes,
                "fails": score.fails,
                "unknown": score.unknown,
                "not_applicable": score.not_applicable,
            }
            for score in sections(report, checks)
        ],
        "warnings": list(report.warnings),
    }


def _file(file: FileResult) -> dict[str, Any]:
    return {
        "path": file.path,
        "kind": file.kind,
        "state": file.state.value,
        "why": file.why,
        "place": _place(file.place),
        "named": file.named,
        "subjects": file.subjects,
        "notes": list(file.notes),
    }


def _found(found: Found, checks: Mapping[str, Check]) -> dict[str, Any]:
    return {
        "check": found.check,
        "name": checks[found.check].name,
        "severity": found.severity.value,
        "confidence": found.confidence.value,
        "scope": found.subject.scope.value,
        "file": found.subject.file,
        "subject": found.subject.name,
        "what": found.what,
        "path": found.path,
        "place": _place(found.place),
        "do": found.do or " ".join(checks[found.check].page.mend.split()),
        "mend": found.mend.value,
        "fingerprint": found.fingerprint,
        "hidden": None if found.hidden is None else {"by": found.hidden.by, "reason": found.hidden.reason},
    }


def _place(place: Place | None) -> dict[str, Any] | None:
    return None if place is None else place._asdict()
