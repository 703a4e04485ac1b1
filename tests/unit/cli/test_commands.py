import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from typer.testing import CliRunner, Result

import lacre
from lacre import __version__
from lacre.cli import entry, options
from lacre.cli.app import app
from lacre.engine import Cleaned, HostThing
from lacre.errors import NotProvedError, UsageError
from lacre.report.ground import Check, State
from lacre.seal.model import Exercise, Margin
from lacre.seal.pipeline import Verification
from tests.unit.cli.fakes import NETWORK, FakeWork, chosen
from tests.unit.report import samples


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, work: FakeWork | None = None) -> Result:
    return CliRunner().invoke(app, arguments, obj=work or FakeWork(), prog_name="lacre")


def a_seal(directory: Path) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "lacre.yaml").write_text("x")
    return directory / "lacre.yaml"


def a_project(directory: Path) -> Path:
    (directory / "compose.yaml").write_text("services: {}")
    return directory


# show


def test_show_prints_the_seal_that_is_here(here: Path) -> None:
    a_seal(here)
    result = run("show", work=FakeWork(seal=samples.SEAL))
    assert result.exit_code == 0
    assert "reads a directory of another owner" in result.stdout
    assert "nothing new in the last 40 s of 60 s" in result.stdout


def test_show_takes_a_service_a_file_or_a_directory_first(here: Path) -> None:
    a_seal(here)
    a_seal(here / "sealed")
    for arguments in (("db",), ("lacre.yaml", "db"), ("sealed", "db"), ("sealed/lacre.yaml", "db")):
        result = run("show", *arguments, work=FakeWork(seal=samples.SEAL))
        assert result.exit_code == 0, result.output
        assert "demo-db" in result.stdout
        assert "nginx" not in result.stdout


def test_show_as_json_has_the_names_of_the_seal(here: Path) -> None:
    a_seal(here)
    said = json.loads(run("show", "db", "--format", "json", work=FakeWork(seal=samples.SEAL)).stdout)
    assert list(said["services"]) == ["db"]
    assert said["services"]["db"]["capabilities"]["add"] == ["DAC_READ_SEARCH", "SETGID", "SETUID"]


def test_show_names_the_services_that_there_are(here: Path) -> None:
    a_seal(here)
    result = run("show", "lacre.yaml", "nobody", work=FakeWork(seal=samples.SEAL))
    assert isinstance(result.exception, UsageError)
    assert result.exception.next_step == "choose from db, web"


def test_a_seal_that_is_not_there_is_wrong_use() -> None:
    for command in ("show", "verify"):
        result = run(command, "no.yaml")
        assert isinstance(result.exception, UsageError)
        assert "no such file" in result.exception.happened


# verify


def test_verify_runs_the_exercises_and_files_of_the_seal(here: Path) -> None:
    a_seal(a_project(here))
    work = FakeWork(seal=samples.SEAL)
    result = run("verify", work=work)
    assert result.exit_code == 0, result.output
    assert chosen(work).exercises == samples.SEAL.exercises
    assert chosen(work).margin is Margin.NORMAL
    assert work.source is not None
    assert work.source.files == (here / "compose.yaml",)
    assert work.source.profiles == ("full",)


def test_verify_finds_the_project_above_the_seal(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_seal(a_project(here) / "sealed")
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    work = FakeWork(seal=samples.SEAL)
    assert run("verify", "../sealed", work=work).exit_code == 0
    assert work.source is not None
    assert [file.resolve() for file in work.source.files] == [here / "compose.yaml"]


def test_verify_says_when_the_project_is_nowhere(here: Path) -> None:
    a_seal(here)
    result = run("verify", work=FakeWork(seal=samples.SEAL))
    assert isinstance(result.exception, UsageError)
    assert "-f" in result.exception.next_step


def test_verify_takes_other_files_and_exercises(here: Path) -> None:
    a_seal(here)
    work = FakeWork(seal=samples.SEAL)
    run("verify", "-f", "other.yaml", "--exercise", "db=psql", work=work)
    assert work.source is not None
    assert work.source.files == (Path("other.yaml"),)
    assert chosen(work).exercises == (Exercise(command="psql", service="db"),)


@pytest.mark.parametrize(
    ("works", "changed", "code", "words"),
    [
        (True, (), 0, "the seal holds"),
        (True, ("the image of web",), 4, "must be renewed"),
        (False, ("the image of web",), 1, "the seal fails"),
    ],
)
def test_the_exit_code_of_verify(
    here: Path, works: bool, changed: tuple[str, ...], code: int, words: str
) -> None:
    a_seal(a_project(here))
    found = Verification(works=works, changed=changed, new={}, unused={}, failures=())
    result = run("verify", work=FakeWork(verification=found))
    assert result.exit_code == code, result.output
    assert words in result.stdout


# doctor, clean


def test_doctor_ends_with_1_when_something_that_seal_needs_is_missing() -> None:
    missing = Check(group="host", what="BTF", state=State.NO, why="no", needed=True)
    optional = Check(group="host", what="AppArmor", state=State.NO, why="no")
    assert run("doctor").exit_code == 0
    assert run("doctor", work=FakeWork(checks=(optional,))).exit_code == 0
    result = run("doctor", "--format", "json", work=FakeWork(checks=(missing, optional)))
    assert result.exit_code == 1
    assert [check["what"] for check in json.loads(result.stdout)["checks"]] == ["BTF", "AppArmor"]


def test_clean_removes_and_a_dry_run_only_says_so() -> None:
    work = FakeWork()
    assert run("clean", "--dry-run", work=work).stdout == "would remove 1 leftover:\n  network lacre-x\n"
    assert not work.cleaned
    result = run("clean", work=work)
    assert (result.exit_code, result.stdout) == (0, "removed 1 leftover:\n  network lacre-x\n")
    assert work.cleaned


def test_clean_ends_with_1_when_something_stays() -> None:
    failed = Cleaned(removed=(), kept=(), failed=((NETWORK, "has active endpoints"),))
    result = run("clean", "--format", "json", work=FakeWork(cleaning=failed))
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failed"][0][1] == "has active endpoints"


# the whole


def test_the_choices_of_the_command_line_are_those_of_the_models() -> None:
    assert [margin.value for margin in options.Margin] == [margin.value for margin in Margin]
    assert set(get_args(options.HostThing)) == set(get_args(HostThing))


def test_the_version_is_printed() -> None:
    assert run("--version").stdout == f"lacre {__version__}\n"


@pytest.mark.parametrize("command", ["seal", "show", "verify", "doctor", "clean"])
def test_every_command_has_examples(command: str) -> None:
    result = run(command, "--help")
    assert result.exit_code == 0
    assert re.search(rf"Examples:\n +lacre {command}", result.stdout)


def test_a_failure_is_told_in_three_parts_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(**_: object) -> None:
        raise NotProvedError("proving web", "it said \x1b[2J\nand died", "read its log")

    monkeypatch.setattr("lacre.cli.app.app", fails)
    with pytest.raises(SystemExit) as ended:
        entry.main([])
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "lacre: proving web",
        "       it said \\x1b[2J",
        "       and died",
        " next: read its log",
    ]


def test_a_defect_is_confessed_and_its_traceback_kept_in_a_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def breaks(**_: object) -> None:
        raise ZeroDivisionError("by nothing")

    monkeypatch.setattr("lacre.cli.app.app", breaks)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        entry.main([])
    assert ended.value.code == entry.DEFECT
    err = capsys.readouterr().err
    assert "this is a defect in lacre" in err
    assert "Traceback" not in err
    (kept,) = tmp_path.glob("lacre-defect-*.txt")
    assert str(kept) in err
    assert "ZeroDivisionError: by nothing" in kept.read_text()


def test_help_waits_for_nothing_heavy() -> None:
    heavy = ("pydantic", "docker", "rich", "ruamel", "httpx", "requests", "lacre.engine", "lacre.seal.model")
    code = (
        "import sys\nfrom lacre.cli import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(lacre.__file__).parents[1])},
    )
    assert done.stderr.strip() == "[]"
