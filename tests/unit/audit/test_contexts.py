"""How a Dockerfile is built: Compose knows with which folder, which COPY and ADD take from, and up to which stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.fix import Left, Mended, mended
from lacre.audit.hiding import Hiding
from lacre.audit.model import Report, Scope, Verdict
from lacre.audit.registry import CHECKS
from tests.unit.audit.examples import TODAY


def audit(folder: Path, files: dict[str, str], *named: str) -> Report:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return audit_files(find([folder / name for name in named] or [folder]), CHECKS, Hiding(TODAY))


def brought_in(report: Report) -> list[str]:
    return [found.what for found in report.findings if found.check == "LC430"]


COMPOSE = "services: {a: {build: {context: .., dockerfile: deploy/Dockerfile}}}\n"
FILES = {"deploy/compose.yaml": COMPOSE, "deploy/Dockerfile": "FROM x:1\nCOPY . /app\n", ".env": "A=b\n"}


@pytest.mark.parametrize(
    "order", [("deploy/compose.yaml", "deploy/Dockerfile"), ("deploy/Dockerfile", "deploy/compose.yaml")]
)
def test_the_context_is_the_one_that_compose_names(order: tuple[str, str], tmp_path: Path) -> None:
    assert brought_in(audit(tmp_path, FILES, *order)) == ["COPY . brings in .env"]


def test_the_folder_of_the_dockerfile_is_the_context_where_nobody_names_one(tmp_path: Path) -> None:
    assert brought_in(audit(tmp_path, FILES, "deploy/Dockerfile")) == []


def test_what_lies_beside_the_dockerfile_is_not_sent_where_the_context_is_another_folder(
    tmp_path: Path,
) -> None:
    files = {
        "compose.yaml": "services: {a: {build: {context: app, dockerfile: ../Dockerfile}}}\n",
        "Dockerfile": "FROM x:1\nCOPY . /app\n",
        "app/main": "",
        "server.key": "",
    }
    assert brought_in(audit(tmp_path, files)) == []


def test_the_ignore_file_is_that_of_the_context_and_the_dockerfiles_own_comes_first(tmp_path: Path) -> None:
    beside = {"deploy/.dockerignore": "*\n"}
    assert brought_in(audit(tmp_path / "a", FILES | beside)) == ["COPY . brings in .env"]
    of_context = {".dockerignore": ".env\n"}
    assert brought_in(audit(tmp_path / "b", FILES | of_context)) == []
    empty = {"deploy/Dockerfile.dockerignore": ""}
    assert brought_in(audit(tmp_path / "c", FILES | of_context | empty)) == ["COPY . brings in .env"]


def test_what_is_brought_in_from_any_of_several_contexts_counts(tmp_path: Path) -> None:
    files = {
        "compose.yaml": "services:\n  a: {build: {context: one, dockerfile: ../Dockerfile}}\n"
        "  b: {build: {context: two, dockerfile: ../Dockerfile}}\n",
        "Dockerfile": "FROM x:1\nCOPY . /app\nADD main /main\n",
        "one/main": "",
        "one/a.key": "",
        "two/b.key": "",
    }
    report = audit(tmp_path, files)
    assert brought_in(report) == ["COPY . brings in a.key, b.key"]
    (outcome,) = mended(report.open)
    assert isinstance(outcome, Left)  # two has no main: nobody can look whether it is an archive


def test_add_is_mended_with_the_files_of_the_context(tmp_path: Path) -> None:
    files = {
        "deploy/compose.yaml": COMPOSE,
        "deploy/Dockerfile": "FROM x:1\nADD src/main /m\n",
        "src/main": "m",
    }
    (outcome,) = mended(audit(tmp_path, files).open)
    assert isinstance(outcome, Mended)
    assert outcome.after == "FROM x:1\nCOPY src/main /m\n"


STAGES = "FROM x:1 AS base\nUSER 1\nFROM base AS app\nFROM base AS dev\nUSER root\n"


@pytest.mark.parametrize(
    ("builds", "judged"),
    [
        ("", {"dev"}),
        ("a: {build: {context: ., target: app}}", {"app"}),
        ("a: {build: {context: ., target: APP}}", {"app"}),
        ("a: {build: {context: ., target: '1'}}", {"app"}),
        ("a: {build: {context: ., target: gone}}", {"dev"}),
        ("a: {build: {context: ., target: '${WHICH}'}}", {"dev"}),
        ("a: {build: {context: ., target: app}}, b: {build: .}", {"app", "dev"}),
    ],
)
def test_the_stages_that_are_built_are_those_that_compose_names(
    builds: str, judged: set[str], tmp_path: Path
) -> None:
    report = audit(
        tmp_path, {"Dockerfile": STAGES, "compose.yaml": f"services: {{z: {{image: 'x:1'}}, {builds}}}\n"}
    )
    users = [
        answer for answer in report.answers if answer.check == "LC401" and answer.subject.scope is Scope.STAGE
    ]
    assert {a.subject.name for a in users if a.verdict is not Verdict.NOT_APPLICABLE} == judged


@pytest.mark.parametrize("build", ["https://example.org/a.git", "${WHERE}", "git@example.org:a.git"])
def test_a_context_that_is_not_here_says_nothing_of_a_dockerfile(build: str, tmp_path: Path) -> None:
    files = {
        "compose.yaml": f"services: {{a: {{build: '{build}'}}}}\n",
        "Dockerfile": "FROM x:1\nCOPY . /a\n",
        ".env": "",
    }
    assert brought_in(audit(tmp_path, files)) == ["COPY . brings in .env"]
