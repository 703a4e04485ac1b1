"""Each check against its examples, and each check has them."""

import importlib
import pkgutil
from pathlib import Path

import pytest

from lacre.audit import checks
from lacre.audit.check import Check
from lacre.audit.model import Verdict
from lacre.audit.registry import BY_ID, CHECKS
from tests.unit.audit.examples import EXAMPLES, FOLDER, SCOPES, Example


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda e: f"{e.check}-{e.number}-{e.verdict.value}")
def test_a_check_answers_its_example(example: Example, tmp_path: Path) -> None:
    answers = example.answers(tmp_path)
    verdicts = {answer.verdict for answer in answers}
    if example.verdict is Verdict.FAILS:
        assert Verdict.FAILS in verdicts, answers
    else:
        assert example.verdict in verdicts, answers
        assert Verdict.FAILS not in verdicts, answers
    places = [found.place for answer in answers for found in answer.findings]
    assert all(place is not None for place in places)
    if example.place:
        assert places[0] is not None
        assert f"{places[0].line}:{places[0].column}" == example.place


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_has_an_example_that_fails_and_one_that_passes_for_each_scope(check: Check) -> None:
    for scope in SCOPES.values():  # those of the machine are shown in tests against real Docker
        if scope not in check.scopes:
            continue
        seen = {
            example.verdict for example in EXAMPLES if (example.check, example.scope) == (check.id, scope)
        }
        assert {Verdict.FAILS, Verdict.PASSES} <= seen, f"examples/{check.id}.txt lacks {scope.value}"


def test_no_example_is_for_a_check_that_is_not_there() -> None:
    of_files = {check.id for check in CHECKS if set(check.scopes) & set(SCOPES.values())}
    assert {path.stem for path in FOLDER.glob("*.txt")} == of_files


def test_identifiers_and_names_are_each_given_once() -> None:
    assert len(BY_ID) == len(CHECKS)
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_every_file_of_a_check_is_in_the_registry() -> None:
    for found in pkgutil.walk_packages(checks.__path__, f"{checks.__name__}."):
        made = getattr(importlib.import_module(found.name), "CHECK", None)
        assert made is None or made in CHECKS, f"{found.name} has no line in registry.py"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_a_check_has_a_whole_page(check: Check) -> None:
    page = check.page
    assert page.title[0].isupper()
    assert not page.title.endswith(".")
    assert len(page.why) > 40
    if check.cis:
        section, _, number = check.cis.partition(".")
        assert check.id[2] == section or check.id == "LC540" or check.cis.startswith(section), number


def test_each_check_has_its_page_and_no_page_is_left_of_one_that_is_gone() -> None:
    docs = Path(__file__).parents[3] / "docs" / "checks"
    assert {path.stem for path in docs.glob("*.md")} == set(BY_ID)
