"""How an audit came out: shares by section, and what matters most. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lacre.audit.check import Check
from lacre.audit.model import Found, Report, Section, SectionScore, Severity, Verdict

MOST = 5
"""What matters most is so much and no more: a first screen."""


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one check, the worst first."""

    check: Check
    findings: tuple[Found, ...]

    @property
    def severity(self) -> Severity:
        """The worst of them."""
        return self.findings[0].severity


def sections(report: Report, checks: Mapping[str, Check]) -> list[SectionScore]:
    """One score a section that was asked anything. A hidden finding is not counted as a pass: it still fails."""
    counts: dict[Section, Counter[Verdict]] = {}
    for answer in report.answers:
        counts.setdefault(checks[answer.check].section, Counter())[answer.verdict] += 1
    return [
        SectionScore(
            section,
            passes=counts[section][Verdict.PASSES],
            fails=counts[section][Verdict.FAILS],
            not_applicable=counts[section][Verdict.NOT_APPLICABLE],
            unknown=counts[section][Verdict.UNKNOWN],
        )
        for section in Section
        if section in counts
    ]


def groups(findings: Iterable[Found], checks: Mapping[str, Check]) -> list[Group]:
    """The findings by check: the worst group first, what nearly every file has last among its equals."""
    by_check: dict[str, list[Found]] = {}
    for found in findings:
        by_check.setdefault(found.check, []).append(found)
    made = [
        Group(checks[name], tuple(sorted(some, key=lambda f: f.order))) for name, some in by_check.items()
    ]
    return sorted(made, key=_order)


def _order(group: Group) -> tuple[int, bool, int, int, str]:
    check = group.check
    return (group.severity.rank, check.aside, group.findings[0].confidence.rank, check.level, check.id)


def most(all_groups: Sequence[Group]) -> list[Group]:
    """The few groups that a reader must see first: never what nearly every file has."""
    return [
        group for group in all_groups if not group.check.aside and group.severity.rank <= Severity.MEDIUM.rank
    ][:MOST]
