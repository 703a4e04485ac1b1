"""README and docs cannot drift from the commands: what is generated is made anew and compared."""

import re
from pathlib import Path

import pytest
import typer.main

from lacre.cli import docs, options
from lacre.cli.app import app
from lacre.seal.model import Seal, ServiceSeal

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = sorted(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
PAGES = docs.pages(ROOT)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_is_generated_is_up_to_date(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert docs.filled(text, ROOT) == text, "run: python -m lacre.cli.docs"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_page_with_its_usage_options_and_exit_codes(command: str) -> None:
    text = (ROOT / "docs" / f"{command}.md").read_text(encoding="utf-8")
    assert text.startswith(f"# lacre {command}\n")
    assert f"<!-- generated: usage {command} -->" in text
    assert f"<!-- generated: options {command} -->" in text
    assert "## Exit codes" in text
    assert f"(docs/{command}.md)" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_transcript_of_the_readme_is_the_recorded_one() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- transcript -->")[2].partition("<!-- /transcript -->")[0]
    assert (ROOT / docs.TRANSCRIPT).read_text(encoding="utf-8").rstrip() in shown


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_to_a_file_is_dead(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in link:
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_the_page_of_the_seal_names_every_key() -> None:
    text = (ROOT / "docs" / "lacre.yaml.md").read_text(encoding="utf-8")
    for key in (*Seal.model_fields, *ServiceSeal.model_fields):
        assert f"`{key}`" in text, key


def test_the_page_of_seal_names_every_host_thing() -> None:
    text = (ROOT / "docs" / "seal.md").read_text(encoding="utf-8")
    for thing in options.host_access(["socket,pid,net,ipc,uts"]):
        assert thing in text


def test_a_generated_part_that_nobody_makes_is_an_error() -> None:
    with pytest.raises(ValueError, match="no generated part"):
        docs.filled("<!-- generated: nonsense -->\n<!-- end -->", ROOT)


def test_filling_is_stable_and_check_mode_writes_nothing(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "x.md"
    page.write_text("<!-- generated: options clean -->\n<!-- end -->\n")
    assert docs.main(["--check", str(tmp_path)]) == 1
    assert "dry-run" not in page.read_text()
    assert docs.main([str(tmp_path)]) == 0
    assert "| `--dry-run` |" in page.read_text()
    assert docs.main(["--check", str(tmp_path)]) == 0
