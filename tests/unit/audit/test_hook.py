"""The hook of pre-commit takes the files that a search of a folder takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from lacre.audit.find import find

ROOT = Path(__file__).parents[3]
NAMES = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.prod.yml", "Compose.override.yml",
         "compose-dev.yaml", "Dockerfile", "dockerfile", "Dockerfile.web", "web.Dockerfile", "Containerfile",
         "Dockerfile-web", "a b.dockerfile"]  # fmt: skip
OTHERS = ["values.yaml", "Dockerfile.md", "Dockerfile.j2", "Dockerfile.dockerignore", "mycompose.yaml", "compose.json",
          "Dockerfiles", "notdockerfile"]  # fmt: skip


def takes(name: str) -> bool:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert hook["entry"].split() == ["lacre", "audit"]
    return bool(re.search(hook["files"], name)) and not re.search(hook["exclude"], name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("folder", ["", "deploy"])
def test_the_hook_takes_what_a_folder_is_searched_for(name: str, folder: str, tmp_path: Path) -> None:
    assert takes(str(Path(folder, name)))
    (tmp_path / name).write_text("FROM x\n" if "file" in name.lower() else "services: {a: {image: x}}\n")
    assert [target.files[0].name for target in find([tmp_path])] == [name]


@pytest.mark.parametrize("name", OTHERS)
def test_and_nothing_else(name: str, tmp_path: Path) -> None:
    assert not takes(name)
    (tmp_path / name).write_text("a: b\n")
    assert all(target.why for target in find([tmp_path]))
