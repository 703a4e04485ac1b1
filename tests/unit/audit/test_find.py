"""Which files are looked at, and as what."""

from __future__ import annotations

from pathlib import Path

import pytest

from lacre.audit import find as finding
from lacre.audit.find import Target, find, is_dockerfile

COMPOSE = "services: {a: {image: x}}\n"


def write(folder: Path, *names: str, text: str = COMPOSE) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def seen(targets: list[Target], folder: Path) -> list[tuple[str, list[str]]]:
    return [(t.kind, [str(file.relative_to(folder)) for file in t.files]) for t in targets]


def test_a_folder_is_searched_for_what_compose_and_buildkit_take(tmp_path: Path) -> None:
    write(tmp_path, "compose.yaml", "compose.override.yaml", "docker-compose.prod.yml", "stacks/app.yml")
    write(tmp_path, "k8s/deployment.yaml", text="apiVersion: v1\nkind: Service\n")
    write(tmp_path, "ci.yml", text="services:\n  postgres: {}\n")
    write(tmp_path, ".woodpecker.yml", text="steps: []\nservices:\n  postgres: {image: postgres}\n")
    write(tmp_path, "Dockerfile", "api/Dockerfile.dev", "web.Dockerfile", "Containerfile", text="FROM x\n")
    write(
        tmp_path,
        "Dockerfile.dockerignore",
        ".git/Dockerfile",
        "node_modules/a/Dockerfile",
        "dockerfile.go",
        text="x",
    )
    assert seen(find([tmp_path]), tmp_path) == [
        ("compose", ["compose.yaml", "compose.override.yaml"]),
        ("dockerfile", ["Containerfile"]),
        ("dockerfile", ["Dockerfile"]),
        ("compose", ["docker-compose.prod.yml"]),
        ("dockerfile", ["web.Dockerfile"]),
        ("dockerfile", ["api/Dockerfile.dev"]),
        ("compose", ["stacks/app.yml"]),
    ]


def test_the_default_name_that_wins_is_the_one_that_compose_takes(tmp_path: Path) -> None:
    write(tmp_path, "docker-compose.yml", "compose.yml", "docker-compose.override.yml")
    assert seen(find([tmp_path]), tmp_path) == [
        ("compose", ["compose.yml", "docker-compose.override.yml"]),
        ("compose", ["docker-compose.yml"]),
    ]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("Dockerfile", "x", "dockerfile"),
        ("a.yml", "x", "compose"),
        ("build", "# syntax=x\nfrom y\n", "dockerfile"),
        ("stack", "services: {}\n", "compose"),
        ("gone", None, "unknown"),
    ],
)
def test_a_named_file_is_looked_at_whatever_it_is_called(
    name: str, text: str | None, kind: str, tmp_path: Path
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    (target,) = find([tmp_path / name])
    assert target.kind == kind
    assert target.named
    assert bool(target.why) == (text is None)


def test_a_file_that_is_named_and_found_is_looked_at_once(tmp_path: Path) -> None:
    write(tmp_path, "compose.yaml")
    assert [target.named for target in find([tmp_path, tmp_path / "compose.yaml", tmp_path])] == [True]


def test_loops_of_links_end(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").symlink_to(tmp_path)
    (tmp_path / "a" / "compose.yaml").symlink_to("compose.yaml")
    write(tmp_path, "Dockerfile", text="FROM x\n")
    assert [target.kind for target in find([tmp_path])] == ["dockerfile", "compose"]


@pytest.mark.parametrize(
    "name", ["Dockerfile", "dockerfile", "Dockerfile.web", "a.dockerfile", "Containerfile.x"]
)
def test_names_of_dockerfiles(name: str) -> None:
    assert is_dockerfile(name)


@pytest.mark.parametrize(
    "name",
    ["Dockerfile.md", "mydockerfile", "docker", "Dockerfile.dockerignore", "dockerfile.rs", "Dockerfile.j2"],
)
def test_names_of_other_files(name: str) -> None:
    assert not is_dockerfile(name)


def test_a_folder_without_anything_to_look_at_is_in_the_result(tmp_path: Path) -> None:
    (target,) = find([tmp_path])
    assert target.named
    assert target.why == "nothing in it is a Compose file or a Dockerfile"
    write(tmp_path, "Dockerfile", text="FROM x\n")
    assert [target.kind for target in find([tmp_path])] == ["dockerfile"]


def test_a_folder_with_too_many_files_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "MAX_FILES", 3)
    write(tmp_path, "Dockerfile", "a/1", "a/2", "a/3", "b/Dockerfile", text="FROM x\n")
    targets = find([tmp_path])
    assert [target.kind for target in targets] == ["dockerfile", "unknown"]
    assert "the rest was not looked at" in targets[-1].why
