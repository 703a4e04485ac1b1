"""lacre audit as it is typed: paths, exit codes, files of its own. Files alone: no engine is asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lacre.audit import fix
from lacre.cli.app import app
from lacre.errors import GroundError, UsageError

BAD = "services: {a: {image: 'x:1', privileged: true}}\n"
GOOD = 'FROM scratch\nUSER 1\nHEALTHCHECK CMD ["/a"]\n'


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["audit", *arguments], prog_name="lacre")


def test_findings_at_or_above_the_bar_are_exit_code_1(here: Path) -> None:
    (here / "compose.yaml").write_text(BAD)
    for bar, code in (("never", 0), ("critical", 1), ("high", 1), ("low", 1)):
        assert run("compose.yaml", "--fail-on", bar).exit_code == code
    (here / "compose.yaml").write_text("services: {a: {image: 'x:1', pid: host}}\n")
    for bar, code in (("critical", 0), ("high", 1)):
        assert run("compose.yaml", "--fail-on", bar).exit_code == code


def test_a_named_file_that_cannot_be_tested_is_exit_code_3(here: Path) -> None:
    (here / "Dockerfile").write_text(GOOD)
    result = run("Dockerfile", "gone.yaml")
    assert result.exit_code == 3
    assert "gone.yaml" in result.stdout
    assert "No such file" in result.stdout
    (here / "broken.yaml").write_text("services: [}")
    assert run("broken.yaml").exit_code == 3
    assert run(".").exit_code == 0  # found in a folder: said, not held against the run


def test_a_good_file_is_exit_code_0(here: Path) -> None:
    (here / "Dockerfile").write_text(GOOD)
    result = run("Dockerfile")
    assert result.exit_code == 0
    assert "no findings" in result.stdout


def test_files_of_one_project_are_laid_over_each_other(here: Path) -> None:
    (here / "a.yaml").write_text(BAD)
    (here / "b.yaml").write_text("services: {a: {privileged: false}}\n")
    assert run("-f", "a.yaml", "-f", "b.yaml").exit_code == 0
    assert run("a.yaml", "b.yaml").exit_code == 1


def test_paths_are_told_from_here(here: Path) -> None:
    (here / "sub").mkdir()
    (here / "sub" / "compose.yaml").write_text(BAD)
    for typed in (".", "sub", str(here / "sub"), "./sub/../sub/compose.yaml"):
        document = json.loads(run(typed, "--format", "json").stdout)
        assert [file["path"] for file in document["files"]] == ["sub/compose.yaml"]


def test_a_baseline_is_written_and_then_hides(here: Path) -> None:
    (here / "compose.yaml").write_text(BAD)
    assert run(".", "--write-baseline", "old.json").exit_code == 1
    assert run(".", "--baseline", "old.json").exit_code == 0
    (here / "compose.yaml").write_text(BAD.replace("x:1", "x:1', pid: host, user: '1"))
    result = run(".", "--baseline", "old.json")
    assert result.exit_code == 1
    assert "LC516" in result.stdout
    assert "LC505" not in result.stdout


def test_lacre_toml_here_is_read_and_another_can_be_named(here: Path) -> None:
    (here / "compose.yaml").write_text(BAD)
    text = "[[audit.ignore]]\ncheck = 'LC505'\nreason = 'agent'\n"
    (here / "other.toml").write_text(text)
    assert run(".").exit_code == 1
    assert run(".", "--config", "other.toml").exit_code == 0
    (here / "lacre.toml").write_text(text)
    assert run(".").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [("--config", "gone.toml"), ("--baseline", "gone.json"), ("--write-baseline", "no/such/folder/x")],
)
def test_files_of_its_own_that_cannot_be_used_are_wrong_use(arguments: tuple[str, str], here: Path) -> None:
    (here / "compose.yaml").write_text(BAD)
    result = run(".", *arguments)
    assert isinstance(result.exception, UsageError)
    assert result.exception.exit_code == 2


def test_the_level_leaves_checks_out(here: Path) -> None:
    (here / "compose.yaml").write_text(BAD)
    assert "LC421" in run(".").stdout
    assert "LC421" not in run(".", "--level", "1").stdout


def test_a_check_is_explained_by_identifier_or_name() -> None:
    assert run("--explain", "lc532").stdout == run("--explain", "docker-socket").stdout
    assert "root on the host" in run("--explain", "LC532").stdout
    assert isinstance(run("--explain", "LC999").exception, UsageError)


@pytest.mark.parametrize("format", ["json", "sarif", "junit"])
def test_standard_output_is_the_report_alone(format: str, here: Path) -> None:
    (here / "compose.yaml").write_text(f"# lacre: ignore[LC505] until 2020-01-01: old\n{BAD}")
    result = run(".", "--format", format)
    assert result.stdout[0] in "{<"
    assert "ended on 2020-01-01" in result.stderr


MENDABLE = "services: {a: {image: x, logging: {driver: none}}}\n"


def test_fix_shows_the_diff_and_writes_nothing_unasked(here: Path) -> None:
    (here / "compose.yaml").write_text(MENDABLE)
    result = run("--fix", ".")
    assert result.exit_code == 1
    assert "+services: {a: {image: x, logging: {driver: local}}}" in result.stdout
    assert "needs proof: " in result.stdout
    assert (here / "compose.yaml").read_text() == MENDABLE


def test_fix_writes_where_it_may_and_is_done_the_second_time(here: Path) -> None:
    (here / "compose.yaml").write_text(MENDABLE)
    result = run("--fix", "--yes", ".")
    assert result.exit_code == 0
    assert "wrote compose.yaml" in result.stderr
    assert "driver: local" in (here / "compose.yaml").read_text()
    result = run("--fix", ".")
    assert result.exit_code == 0
    assert "nothing can be mended" in result.stdout


@pytest.mark.parametrize(
    "arguments", [("--fix",), ("--fix", "--container", "web"), ("--fix", ".", "--image", "x")]
)
def test_fix_is_for_files(arguments: tuple[str, ...]) -> None:
    assert isinstance(run(*arguments).exception, UsageError)


def test_fix_names_what_is_written_before_a_file_that_cannot_be(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b", "c"):
        (here / name).mkdir()
        (here / name / "compose.yaml").write_text(MENDABLE)
    real = fix.write

    def refused(change: fix.Mended) -> None:
        if change.path == Path("b/compose.yaml"):
            raise GroundError("writing to b", "No space left on device", "make room")
        real(change)

    monkeypatch.setattr(fix, "write", refused)
    result = run("--fix", "--yes", ".")
    assert isinstance(result.exception, GroundError)
    assert "wrote a/compose.yaml" in result.stderr
    assert "b/compose.yaml" not in result.stderr
    assert (here / "c/compose.yaml").read_text() == MENDABLE


def test_a_baseline_in_the_place_of_a_link_is_refused(here: Path) -> None:
    (here / "compose.yaml").write_text(BAD)
    (here / "precious").write_text("precious")
    (here / "old.json").symlink_to("precious")
    assert isinstance(run(".", "--write-baseline", "old.json").exception, UsageError)
    assert (here / "precious").read_text() == "precious"
