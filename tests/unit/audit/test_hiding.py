"""Findings that do not count, and those that count again."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.hiding import Hiding, Ignore, WrongFileError, baseline, baseline_text, ignores
from lacre.audit.model import Report
from lacre.audit.registry import CHECKS
from tests.unit.audit.examples import TODAY

YESTERDAY = TODAY - datetime.timedelta(days=1)


def audit(folder: Path, text: str, *, name: str = "compose.yaml", hiding: Hiding | None = None) -> Report:
    (folder / name).write_text(text)
    return audit_files(find([folder / name]), CHECKS, hiding or Hiding(TODAY))


def hidden(report: Report, check: str) -> list[bool]:
    return [found.hidden is not None for found in report.findings if found.check == check]


COMMENTED = {
    "on the line": "services:\n  a:\n    image: x\n    privileged: true  # lacre: ignore[LC505]: agent\n",
    "above the line": "services:\n  a:\n    image: x\n    # lacre: ignore[LC505]: agent\n    privileged: true\n",
    "above, among others": "services:\n  a:\n    image: x\n    # lacre: ignore[LC505] agent\n    # x\n"
    "    privileged: on\n",
    "on the service": "services:\n  a: # lacre: ignore[LC505]: agent\n    image: x\n    privileged: true\n",
    "several checks": "services:\n  # lacre: ignore[LC516, LC505]: agent\n  a:\n    image: x\n    privileged: true\n",
    "until today": f"services:\n  # lacre: ignore[LC505] until {TODAY}: agent\n  a:\n"
    "    image: x\n    privileged: true\n",
}


@pytest.mark.parametrize("name", COMMENTED)
def test_a_comment_with_a_reason_hides(name: str, tmp_path: Path) -> None:
    report = audit(tmp_path, COMMENTED[name])
    assert hidden(report, "LC505") == [True]
    assert report.warnings == ()
    (found,) = [found for found in report.findings if found.check == "LC505"]
    assert found.hidden is not None
    assert found.hidden.reason == "agent"
    assert found not in report.open
    assert hidden(report, "LC541") == [False]


@pytest.mark.parametrize(
    ("comment", "warning"),
    [
        ("# lacre: ignore[LC505]", "without a reason"),
        ("# lacre: ignore[LC505]:   ", "without a reason"),
        (f"# lacre: ignore[LC505] until {YESTERDAY}: agent", "ended on"),
        ("# lacre: ignore[LC505] until 2026-13-45: agent", "is no date"),
        ("# lacre: ignore[LC516]: agent", ""),
        ("# lacre: ignore[]: agent", ""),
        ("# ignore[LC505]: agent", ""),
    ],
)
def test_a_comment_that_does_not_hide_says_why(comment: str, warning: str, tmp_path: Path) -> None:
    report = audit(tmp_path, f"services:\n  a:\n    image: x\n    {comment}\n    privileged: true\n")
    assert hidden(report, "LC505") == [False]
    assert [warning in text for text in report.warnings] == ([True] if warning else [])


def test_a_comment_further_up_is_about_something_else(tmp_path: Path) -> None:
    text = "services:\n  a:\n    # lacre: ignore[LC505]: agent\n    image: x\n    privileged: true\n"
    assert hidden(audit(tmp_path, text), "LC505") == [False]


def test_comments_hide_in_dockerfiles_inside_a_continuation_and_for_a_stage(tmp_path: Path) -> None:
    inside = "FROM x:1\nRUN a && \\\n  # lacre: ignore[LC423]: own network\n  curl -k https://a\nRUN curl -k https://b\n"
    assert hidden(audit(tmp_path, inside, name="Dockerfile"), "LC423") == [True, False]
    stage = "# lacre: ignore[LC423]: own network\nFROM x:1\nRUN curl -k https://a\nRUN curl -k https://b\n"
    assert hidden(audit(tmp_path, stage, name="Dockerfile"), "LC423") == [True, True]


TOML = """
[[audit.ignore]]
check = "LC505"
file = "*/compose.yaml"
subject = "a*"
reason = "agent"
until = 2026-12-31
"""


def test_an_entry_hides_what_it_names(tmp_path: Path) -> None:
    text = "services: {ab: {image: x, privileged: true}, b: {image: x, privileged: true}}"
    report = audit(tmp_path, text, hiding=Hiding(TODAY, ignores(TOML)))
    assert [f.hidden is not None for f in report.findings if f.check == "LC505"] == [True, False]


def test_an_entry_that_has_ended_does_not_hide_and_is_named(tmp_path: Path) -> None:
    hiding = Hiding(TODAY, (Ignore("LC505", "agent", until=YESTERDAY),))
    report = audit(tmp_path, "services: {a: {image: x, privileged: true}}", hiding=hiding)
    assert hidden(report, "LC505") == [False]
    assert "ended" in report.warnings[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[audit.ignore]\n", "no TOML"),
        ("[[audit.ignore]]\ncheck = 'LC505'\n", "needs a reason"),
        ("[[audit.ignore]]\nreason = 'x'\n", "needs a check"),
        ("[[audit.ignore]]\ncheck = '505'\nreason = 'x'\n", "no identifier"),
        ("[[audit.ignore]]\ncheck = 'LC505'\nreason = 'x'\nuntil = '2027-01-01'\n", "no date"),
        ("[[audit.ignore]]\ncheck = 'LC505'\nreason = 'x'\nwhere = 'x'\n", "unknown key"),
        ("[[audit.ignore]]\ncheck = 'LC505'\nreason = 'x'\nfile = 1\n", "no text"),
        ("[audit]\nfail-on = 'low'\n", "can only hold"),
        ("audit = 1\n", "can only hold"),
    ],
)
def test_a_wrong_lacre_toml_is_refused(text: str, why: str) -> None:
    with pytest.raises(WrongFileError, match=why):
        ignores(text)


def test_other_tables_of_lacre_toml_are_others_business() -> None:
    assert ignores("[seal]\nx = 1\n") == ()


def test_a_baseline_hides_what_it_holds_wherever_the_lines_went(tmp_path: Path) -> None:
    before = audit(tmp_path, "services:\n  a: {image: x, privileged: true}\n")
    known = baseline(baseline_text(before.findings))
    after = audit(
        tmp_path,
        "# new\n\nservices:\n  a: {image: x, privileged: true, pid: host}\n",
        hiding=Hiding(TODAY, (), known),
    )
    assert [found.check for found in after.open] == ["LC516"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"findings": [1]}', '{"version": 2, "findings": []}', "[" * 9999]
)
def test_a_wrong_baseline_is_refused(text: str) -> None:
    with pytest.raises(WrongFileError):
        baseline(text)
