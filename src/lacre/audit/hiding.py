"""What hides a finding: a comment beside it, an entry of lacre.toml, the baseline. Always with a reason.

A comment: `# lacre: ignore[LC505] until 2027-01-31: reason`, on the line of the finding or right above it, or
on or above the line of the service or stage for all of it. `until` may be left out; the reason may not.
"""

from __future__ import annotations

import datetime
import fnmatch
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lacre.audit.model import Answer, Found, Hidden

_COMMENT = re.compile(
    r"#\s*lacre:\s*ignore\s*\[(?P<ids>[^\]]*)\]"
    r"(?:\s+until\s+(?P<until>\d{4}-\d{2}-\d{2}))?\s*:?\s*(?P<reason>.*)$"
)
_ID = re.compile(r"^LC\d{3}$")
_ABOVE = 10  # comment lines above a place that are looked at


class WrongFileError(Exception):
    """A lacre.toml or a baseline that cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Ignore:
    """One entry of lacre.toml: the check, and where it does not count. Empty `file` or `subject`: everywhere."""

    check: str
    reason: str
    file: str = ""
    subject: str = ""
    until: datetime.date | None = None

    def fits(self, found: Found) -> bool:
        """Whether this entry is about `found`."""
        return (
            self.check == found.check
            and (not self.file or fnmatch.fnmatchcase(found.subject.file, self.file))
            and (not self.subject or fnmatch.fnmatchcase(found.subject.name, self.subject))
        )


def ignores(text: str) -> tuple[Ignore, ...]:
    """The `[[audit.ignore]]` entries of a lacre.toml; raises WrongFileError."""
    try:
        audit = tomllib.loads(text).get("audit", {})
    except tomllib.TOMLDecodeError as error:
        raise WrongFileError(f"it is no TOML: {error}") from None
    entries = audit.get("ignore", []) if isinstance(audit, dict) else None
    if not isinstance(entries, list) or audit.keys() - {"ignore"}:
        raise WrongFileError("[audit] can only hold [[audit.ignore]] entries")
    return tuple(_ignore(entry, number) for number, entry in enumerate(entries, 1))


def _ignore(entry: Any, number: int) -> Ignore:
    where = f"[[audit.ignore]] number {number}"
    if not isinstance(entry, dict):
        raise WrongFileError(f"{where} is no table")
    unknown = entry.keys() - {"check", "reason", "file", "subject", "until"}
    if unknown:
        raise WrongFileError(f"{where} has the unknown key {sorted(unknown)[0]}")
    for key in ("check", "reason"):
        if not isinstance(entry.get(key), str) or not entry[key].strip():
            raise WrongFileError(f"{where} needs a {key}")
    if not _ID.match(entry["check"]):
        raise WrongFileError(f"{where}: {entry['check']} is no identifier of a check")
    for key in ("file", "subject"):
        if not isinstance(entry.get(key, ""), str):
            raise WrongFileError(f"{where}: {key} is no text")
    until = entry.get("until")
    if until is not None and (not isinstance(until, datetime.date) or isinstance(until, datetime.datetime)):
        raise WrongFileError(f"{where}: until is no date, like 2027-01-31 without quotes")
    return Ignore(entry["check"], entry["reason"], entry.get("file", ""), entry.get("subject", ""), until)


def baseline(text: str) -> frozenset[str]:
    """The fingerprints of a baseline file; raises WrongFileError."""
    try:
        data = json.loads(text)
        prints = [entry["fingerprint"] for entry in data["findings"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise WrongFileError("it is no baseline: lacre audit --write-baseline makes one") from None
    if data.get("version") != 1 or not all(isinstance(print_, str) for print_ in prints):
        raise WrongFileError("it is a baseline of another version of lacre")
    return frozenset(prints)


def baseline_text(findings: Iterable[Found]) -> str:
    """A baseline that holds `findings`; which they are can be read in it, but only the fingerprint counts."""
    entries = {
        found.fingerprint: {
            "fingerprint": found.fingerprint,
            "check": found.check,
            "file": found.subject.file,
            "subject": found.subject.name,
            "what": found.what,
        }
        for found in findings
    }
    return json.dumps({"version": 1, "findings": [entries[key] for key in sorted(entries)]}, indent=1) + "\n"


@dataclass(slots=True)
class Hiding:
    """All that hides, asked finding by finding. `sources` are the texts of files, for their comments."""

    today: datetime.date
    entries: tuple[Ignore, ...] = ()
    known: frozenset[str] = frozenset()
    sources: Mapping[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def over(self, answer: Answer) -> Answer:
        """The answer with the findings that something hides marked as such."""
        if not answer.findings:
            return answer
        return replace(answer, findings=tuple(self._one(found) for found in answer.findings))

    def _one(self, found: Found) -> Found:
        hidden = self._by_comment(found) or self._by_entry(found)
        if hidden is None and found.fingerprint in self.known:
            hidden = Hidden("baseline", "it was there before")
        return found if hidden is None else replace(found, hidden=hidden)

    def _by_entry(self, found: Found) -> Hidden | None:
        for entry in self.entries:
            if not entry.fits(found):
                continue
            if entry.until is not None and entry.until < self.today:
                self._warn(f"lacre.toml: the entry for {entry.check} ended on {entry.until}: {entry.reason}")
                continue
            return Hidden("lacre.toml", entry.reason)
        return None

    def _by_comment(self, found: Found) -> Hidden | None:
        for place in (found.place, found.subject.at):
            lines = self.sources.get(place.file) if place else None
            if not place or not lines:
                continue
            for number in _lines_about(lines, place.line):
                comment = _COMMENT.search(lines[number - 1])
                if comment is None or found.check not in {i.strip() for i in comment["ids"].split(",")}:
                    continue
                where = f"{place.file}:{number}"
                until, reason = _date(comment["until"]), comment["reason"].strip()
                if not reason:
                    self._warn(f"{where}: ignore[{found.check}] without a reason does not count")
                elif comment["until"] and until is None:
                    self._warn(f"{where}: {comment['until']} is no date")
                elif until is not None and until < self.today:
                    self._warn(f"{where}: ignore[{found.check}] ended on {until}: {reason}")
                else:
                    return Hidden("comment", reason)
        return None

    def _warn(self, text: str) -> None:
        if text not in self.warnings:
            self.warnings.append(text)


def _lines_about(lines: list[str], line: int) -> Iterable[int]:
    """The line of a place, and the comment lines right above it."""
    if 1 <= line <= len(lines):
        yield line
    for number in range(line - 1, max(0, line - 1 - _ABOVE), -1):
        if number > len(lines) or not lines[number - 1].lstrip().startswith("#"):
            return
        yield number


def _date(text: str | None) -> datetime.date | None:
    try:
        return None if text is None else datetime.date.fromisoformat(text)
    except ValueError:
        return None
