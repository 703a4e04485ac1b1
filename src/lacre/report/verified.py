"""What `lacre verify` prints: whether a seal still holds, and what has changed since it was proved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lacre.attacks.model import Verdict
from lacre.report import attack_view
from lacre.report.text import Look, styled, table
from lacre.seal.model import Grant


class Standing(StrEnum):
    """How a seal stands."""

    HOLDS = "holds"
    RENEW = "renew"  # the exercise passes, but under something else than what the seal was proved with
    FAILS = "fails"


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedReport:
    """All that the report is made from; the fields of `lacre.seal.pipeline.Verification`."""

    works: bool
    changed: tuple[str, ...]
    new: Mapping[str, tuple[Grant, ...]]
    unused: Mapping[str, tuple[Grant, ...]]
    failures: tuple[str, ...]
    again: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)

    @property
    def verdict(self) -> Standing:
        """Failing wins over renewing; grants that were not used this time are no reason to renew."""
        if not self.works or any(self.again.values()):
            return Standing.FAILS
        return Standing.RENEW if self.changed or any(self.new.values()) else Standing.HOLDS


_SENTENCES = {
    Standing.HOLDS: ("1;32", "the seal holds: the exercise passes under it, and nothing has changed"),
    Standing.RENEW: (
        "1;33",
        "the seal must be renewed: the exercise passes under it, but not with what it was proved with",
    ),
    Standing.FAILS: (
        "1;31",
        "the seal fails: the exercise does not pass under it",
    ),
}


def render(report: VerifiedReport, look: Look) -> str:
    """The whole report as text."""
    style, sentence = _SENTENCES[report.verdict]
    if report.works and report.verdict is Standing.FAILS:
        sentence = "the seal fails: attacks that it had stopped are not stopped any more"
    parts = [f"{styled(sentence, style, look)}\n"]
    parts += _list("what failed", report.failures, look)
    parts += _again(report.again, look)
    parts += _list("changed since", report.changed, look)
    parts += _grants("new: needed now, not granted by the seal", report.new, look)
    parts += _grants("no longer used", report.unused, look)
    if report.verdict is not Standing.HOLDS:
        parts.append(
            "next: lacre seal, with the same files and exercises, and review what changes in lacre.yaml\n"
        )
    return "\n".join(parts)


def _list(title: str, lines: tuple[str, ...], look: Look) -> list[str]:
    return [f"{styled(title, '1', look)}\n{table([''], [[line] for line in lines], look)}"] if lines else []


def _again(again: Mapping[str, tuple[Verdict, ...]], look: Look) -> list[str]:
    rows = [
        [name, verdict.attack.title, attack_view.words(verdict), verdict.attack.mend]
        for name, verdicts in sorted(again.items())
        for verdict in verdicts
    ]
    title = "attacks that the seal had stopped"
    return [f"{styled(title, '1;31', look)}\n{table([''] * 4, rows, look)}"] if rows else []


def _grants(title: str, grants: Mapping[str, tuple[Grant, ...]], look: Look) -> list[str]:
    rows = [[name, grant.what, grant.reason] for name, given in sorted(grants.items()) for grant in given]
    return [f"{styled(title, '1', look)}\n{table(['', '', ''], rows, look)}"] if rows else []
