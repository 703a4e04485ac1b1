"""`lacre host audit` as SARIF: its findings in the shape of `lacre audit`, written by that one's module."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from lacre import __version__
from lacre.audit.check import Check, Page
from lacre.audit.model import (
    Answer,
    Confidence,
    Found,
    Mend,
    Place,
    Report,
    Scope,
    Severity,
    Subject,
    Verdict,
)
from lacre.host.model import KeyState, Kind, Setting, State
from lacre.host.model import Verdict as Held
from lacre.host.work import Audit
from lacre.report import audit_sarif

_FILES = {Kind.SYSCTL: "/proc/sys", Kind.ENGINE: "/etc/docker/daemon.json", Kind.BOOT: "/proc/cmdline"}


@dataclass(frozen=True, slots=True)
class _Rule:
    """A setting as a rule: what the writer asks of a check, and no more."""

    setting: Setting

    @property
    def id(self) -> str:
        return self.setting.id

    @property
    def name(self) -> str:
        return self.setting.id

    @property
    def severity(self) -> Severity:
        return Severity(self.setting.severity.value)

    @property
    def confidence(self) -> Confidence:
        return Confidence.HIGH

    @property
    def cis(self) -> str:
        found = [
            source.partition(": ")[2] for source in self.setting.sources if source.startswith("CIS Docker")
        ]
        return found[0] if found else ""

    @property
    def page(self) -> Page:
        setting = self.setting
        may = f" It may break: {setting.breaks}." if setting.breaks else ""
        wanted = next(iter(setting.wanted.values())).write
        return Page(
            title=setting.title,
            why=f"{setting.why}.{may}",
            mend=setting.only_told or "`lacre host plan` shows the change, `lacre host apply` makes it.",
            example=f"{setting.name} = {wanted}",
        )


def render(found: Audit) -> str:
    """The findings as one run."""
    subject = Subject(Scope.HOST, "here")
    answers = tuple(
        Answer(state.setting.id, subject, Verdict.FAILS, "", (_found(state, subject),))
        for state in found.findings
    )
    rules = {state.setting.id: cast(Check, _Rule(state.setting)) for state in found.states}
    return audit_sarif.render(
        Report(files=(), answers=answers), cast(Mapping[str, Check], rules), __version__
    )


def _found(state: State, subject: Subject) -> Found:
    setting = state.setting
    bad = [key for key in state.keys if Held.BAD in (key.now_verdict, key.later_verdict)]
    decides = next((key.decides for key in bad if key.decides and key.decides.file.startswith("/")), None)
    file = decides.file if decides else _FILES[setting.kind]
    line = max(1, decides.line) if decides else 1
    return Found(
        check=setting.id,
        subject=subject,
        what="; ".join(_said(key) for key in bad),
        place=Place(file, line, 1, line, 1),
        path="",
        severity=Severity(setting.severity.value),
        confidence=Confidence.HIGH,
        mend=Mend.HAND if setting.only_told else Mend.PROOF,
        do=f"{setting.name} should be {state.wanted.write}",
        fingerprint=hashlib.sha256(setting.id.encode()).hexdigest()[:32],
    )


def _said(key: KeyState) -> str:
    by = str(key.decides) if key.decides else key.decided_by
    return f"{key.key} is {key.now or 'unknown'} now and {key.later or 'unknown'} after a restart ({by})"
