"""`lacre audit` as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lacre.audit.cis import numbers
from lacre.audit.model import FileState, Place, Severity
from lacre.report.text import visible

if TYPE_CHECKING:
    from lacre.audit.check import Check
    from lacre.audit.model import Edit, FileResult, Found, Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
}
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.5"}
"""What code scanning sorts by: its words for these numbers are ours (CVSS's bands)."""


_FILES = ("compose", "dockerfile", "unknown")
"""Kinds of what was looked at that are files: the others have a name, and no place."""


def render(report: Report, checks: Mapping[str, Check], version: str) -> str:
    """The report as one run; rules are the checks that were asked, in the order of the registry.

    Hidden findings are left out: code scanning shows a result with `suppressions` as an open one.
    """
    rules = list(checks.values())
    index = {check.id: number for number, check in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": "lacre",
                "semanticVersion": version,
                "rules": [_rule(check) for check in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [_notification(f) for f in report.untested],
            }
        ],
        "artifacts": [{"location": _artifact(f.path)} for f in report.files if f.state is FileState.TESTED],
        "results": [_result(found, index) for found in report.open],
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(check: Check) -> dict[str, Any]:
    page = check.page
    example = f"```\n{page.example}\n```"
    return {
        "id": check.id,
        "name": check.name,
        "shortDescription": {"text": f"{page.title}."},
        "fullDescription": {"text": page.why},
        "help": {
            "text": f"{page.why}\n\n{page.mend}",
            "markdown": f"{page.why}\n\n{page.mend}\n\n{example}\n",
        },
        "defaultConfiguration": {"level": _LEVELS[check.severity]},
        "properties": {
            "security-severity": _SCORES[check.severity],
            "precision": _precision(check.confidence.value),
            "tags": ["security", *(f"CIS-Docker-1.6-{number}" for number in numbers(check))],
        },
    }


def _precision(confidence: str) -> str:
    return {"high": "very-high", "medium": "high", "low": "medium"}[confidence]


def _text(text: str) -> str:
    """A message: what a terminal or viewer could obey is made visible, brackets are no links."""
    return visible(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _result(found: Found, index: Mapping[str, int]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": found.check,
        "ruleIndex": index[found.check],
        "level": _LEVELS[found.severity],
        "message": {
            "text": _text(f"{found.what} ({found.subject.title}){f'. {found.do}' if found.do else ''}")
        },
        "locations": [_location(found.place, found.subject.file, found.subject.name)],
        "partialFingerprints": {"lacre/v1": found.fingerprint},
        "properties": {"confidence": found.confidence.value, "mend": found.mend.value},
    }
    if found.edit is not None and not found.edit.plain:  # those with a condition are for lacre audit --fix
        result["fixes"] = [_fix(found.edit, found.do or "change it as shown")]
    return result


def _fix(edit: Edit, text: str) -> dict[str, Any]:
    replacement = {"deletedRegion": _region(edit.place), "insertedContent": {"text": edit.text}}
    change = {"artifactLocation": _artifact(edit.place.file), "replacements": [replacement]}
    return {"description": {"text": _text(text)}, "artifactChanges": [change]}


def _location(place: Place | None, file: str, subject: str) -> dict[str, Any]:
    logical = {"logicalLocations": [{"name": visible(subject)}]}
    if not (place or file):  # a container or a daemon is in no file
        return logical
    physical: dict[str, Any] = {"artifactLocation": _artifact(place.file if place else file)}
    if place:
        physical["region"] = _region(place)
    return {"physicalLocation": physical, **logical}


def _region(place: Place) -> dict[str, int]:
    region = {"startLine": place.line, "startColumn": place.column, "endLine": place.end_line}
    if place.end_line > place.line or place.end_column >= place.column:
        region["endColumn"] = place.end_column
    return region


def _artifact(path: str) -> dict[str, str]:
    """A path as a URI: relative ones count from the root of the checkout."""
    parts = quote(PurePath(path).as_posix().encode("utf-8", "surrogateescape"), safe="/~")
    if path.startswith("/"):
        return {"uri": f"file://{parts}"}
    return {"uri": parts, "uriBaseId": "%SRCROOT%"}


def _notification(file: FileResult) -> dict[str, Any]:
    return {
        "level": "error" if file.named else "warning",
        "message": {"text": _text(f"could not be tested: {file.why}")},
        "locations": [_location(file.place, file.path if file.kind in _FILES else "", file.path)],
    }
