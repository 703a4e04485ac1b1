"""`lacre audit` as JUnit XML, for CI: a suite a subject, a case a check."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from lacre.audit.model import Verdict
from lacre.report.audit_text import where
from lacre.report.text import visible

if TYPE_CHECKING:
    from lacre.audit.check import Check
    from lacre.audit.model import Answer, FileResult, Report, Subject


def render(report: Report, checks: Mapping[str, Check]) -> str:
    """The report: an answer that fails is a failure, one that is hidden, unknown or not applicable is skipped."""
    by_subject: dict[Subject, list[Answer]] = {}
    for answer in report.answers:
        by_subject.setdefault(answer.subject, []).append(answer)
    suites = [_suite(subject, answers, checks) for subject, answers in by_subject.items()]
    suites += [_untested(file) for file in report.untested]
    return '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n' + "".join(suites) + "</testsuites>\n"


def _suite(subject: Subject, answers: list[Answer], checks: Mapping[str, Check]) -> str:
    name = f"{subject.file}: {subject.title}" if subject.file else subject.title
    failures = sum(_fails(answer) for answer in answers)
    skipped = sum(answer.verdict is not Verdict.PASSES and not _fails(answer) for answer in answers)
    cases = "".join(_case(name, answer, checks[answer.check]) for answer in answers)
    return (
        f"<testsuite name={_attribute(name)} tests={_attribute(len(answers))} failures={_attribute(failures)} "
        f'errors="0" skipped={_attribute(skipped)} time="0">\n{cases}</testsuite>\n'
    )


def _fails(answer: Answer) -> bool:
    return any(found.hidden is None for found in answer.findings)


def _case(suite: str, answer: Answer, check: Check) -> str:
    begin = f'<testcase classname={_attribute(suite)} name={_attribute(f"{check.id} {check.title}")} time="0"'
    if answer.verdict is Verdict.PASSES:
        return f"{begin}/>\n"
    shown = [found for found in answer.findings if found.hidden is None]
    if shown:
        text = "\n".join(visible(f"{where(f)}: {f.what}") for f in shown)
        return (
            f"{begin}><failure type={_attribute(shown[0].severity.value)} "
            f"message={_attribute(visible(shown[0].what))}>{escape(text)}</failure></testcase>\n"
        )
    why = answer.why or "; ".join(
        f"hidden: {found.hidden.reason}" for found in answer.findings if found.hidden
    )
    return f"{begin}><skipped message={_attribute(f'{answer.verdict.value}: {visible(why)}')}/></testcase>\n"


def _untested(file: FileResult) -> str:
    name = _attribute(file.path)
    return (
        f'<testsuite name={name} tests="1" failures="0" errors="1" skipped="0" time="0">\n'
        f'<testcase classname={name} name="can be read" time="0">'
        f'<error type="could not be tested" message={_attribute(file.why)}/></testcase>\n</testsuite>\n'
    )


def _attribute(value: object) -> str:
    return quoteattr(visible(str(value)))
