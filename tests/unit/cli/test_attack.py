"""`lacre attack` without Docker: which seal, which attacks, what is said, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lacre.attacks import ATTACKS, Attacked, Comparison, Verdict
from lacre.attacks import Result as Outcome
from lacre.cli.app import app
from lacre.errors import UsageError
from lacre.seal.model import Seal
from lacre.seal.twins import digest
from tests.unit.cli.fakes import FakeWork
from tests.unit.report import samples

ATTACK = ATTACKS[0]


def tried(before: Outcome, after: Outcome) -> Comparison:
    return Comparison(
        before=Attacked(verdicts={"web": (Verdict(attack=ATTACK, result=before, reason="why"),)}),
        after=Attacked(verdicts={"web": (Verdict(attack=ATTACK, result=after, reason="why"),)}),
    )


def seal_of(**changed: object) -> Seal:
    stopping = samples.WEB.model_copy(update={"stopped": (ATTACK.id,)})
    seal = samples.WHOLE.model_copy(
        update={"services": {**samples.WHOLE.services, "web": stopping}, "source": digest(samples.PROJECT)}
    )
    return seal.model_copy(update=changed)


def run(work: FakeWork, *arguments: str) -> Result:
    return CliRunner().invoke(app, ("attack", *arguments), obj=work, prog_name="lacre")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a seal, that the command is given as `.`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lacre.yaml").write_text("x")
    return tmp_path


def sealed_work(before: Outcome = Outcome.WORKED, after: Outcome = Outcome.STOPPED) -> FakeWork:
    return FakeWork(seal=seal_of(), tried=tried(before, after))


def test_the_list_is_printed_and_nothing_is_tried() -> None:
    work = FakeWork()
    assert ATTACK.id in run(work, "--list").stdout
    listed = json.loads(run(work, "--list", "--format", "json").stdout)
    assert list(listed["attacks"]) == [attack.id for attack in ATTACKS]
    assert listed["attacks"][ATTACK.id]["technique"] == ATTACK.technique
    assert not work.chosen


def test_an_attack_that_is_not_there_is_refused_by_name() -> None:
    result = run(work := sealed_work(), "--seal", ".", "--only", ATTACK.id, "--only", "nonsense")
    assert isinstance(result.exception, UsageError) and "nonsense" in result.exception.happened
    assert not work.chosen


def test_only_the_chosen_attacks_are_tried() -> None:
    work = sealed_work()
    assert run(work, "--seal", ".", "--only", ATTACK.id, "--only", ATTACK.id).exit_code == 0
    assert work.chosen == (ATTACK.id,)
    assert work.attacked_under == seal_of()


@pytest.mark.parametrize(
    ("after", "code"),
    [(Outcome.STOPPED, 0), (Outcome.WORKED, 1), (Outcome.ERROR, 1), (Outcome.NOT_APPLICABLE, 0)],
)
def test_what_the_seal_had_stopped_and_does_not_any_more_is_a_failure(after: Outcome, code: int) -> None:
    assert run(sealed_work(after=after), "--seal", ".").exit_code == code


def test_a_page_that_cannot_be_written_is_said_before_anything_is_tried(here: Path) -> None:
    for page in (here / "none" / "page.html", here):
        result = run(work := sealed_work(), "--seal", ".", "--html", str(page))
        assert isinstance(result.exception, UsageError) and str(page) in result.exception.tried
        assert not work.chosen


def test_a_page_in_the_place_of_a_link_is_refused_before_anything_is_tried(here: Path) -> None:
    (here / "precious").write_text("precious")
    (here / "page.html").symlink_to("precious")
    result = run(work := sealed_work(), "--seal", ".", "--html", "page.html")
    assert isinstance(result.exception, UsageError)
    assert not work.chosen
    assert (here / "precious").read_text() == "precious"


def test_the_page_is_written(here: Path) -> None:
    assert run(sealed_work(), "--seal", ".", "--html", "page.html").exit_code == 0
    assert ATTACK.title in (here / "page.html").read_text()


def test_a_seal_of_other_files_or_of_other_services_is_said() -> None:
    assert "Compose files" not in run(sealed_work(), "--seal", ".").output
    work = sealed_work()
    work.seal = seal_of(source="0" * 64, services={"web": samples.WEB})
    said = run(work, "--seal", ".").output
    assert "the Compose files are not those that the seal was made of" in said
    assert "not in the seal, and attacked as they are on both sides: db" in said


def test_a_seal_that_has_none_of_the_services_is_refused() -> None:
    work = sealed_work()
    work.seal = seal_of(services={"other": samples.WEB})
    result = run(work, "--seal", ".")
    assert isinstance(result.exception, UsageError) and "other" in result.exception.happened
    assert not work.chosen
