"""What the tests of engine/ share: one connection, small projects, and a look at what is left behind."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lacre.engine import Compose, Engine, Project, Twin, TwinOptions, leftovers

IMAGE = "debian:bookworm-slim"
# Answers every connection with the content of $FILE, or "hello"; ends at once on TERM.
SERVE = (
    "perl -MIO::Socket::INET -e '$SIG{TERM}=sub{exit 0};"
    '$s=IO::Socket::INET->new(LocalPort=>$ENV{PORT}||8000,Listen=>50,ReuseAddr=>1) or die "$!";'
    'while(1){$c=$s->accept() or next;print $c "hello\\n";close $c}\''
)


@pytest.fixture(scope="session")
def docker_engine(engine: str) -> Iterator[Engine]:
    with Engine() as connected:
        yield connected


@pytest.fixture(scope="session")
def compose(engine: str) -> Compose:
    return Compose()


@pytest.fixture
def project(compose: Compose, tmp_path: Path) -> Callable[..., Project]:
    """A project in a directory of its own, from the text of its file."""

    def resolve(text: str, *profiles: str) -> Project:
        file = tmp_path / "compose.yaml"
        file.write_text(textwrap.dedent(text).replace("IMAGE", IMAGE).replace("SERVE", _quoted(SERVE)))
        return compose.resolve([file], profiles)

    return resolve


@pytest.fixture
def twin_of(docker_engine: Engine, compose: Compose) -> Iterator[Callable[..., Twin]]:
    """Twins; after the test nothing of them may be left."""
    made: list[Twin] = []

    def make(project: Project, **options: object) -> Twin:
        twin = Twin(docker_engine, compose, project, options=TwinOptions(**options))  # type: ignore[arg-type]
        made.append(twin)
        return twin

    yield make
    for twin in made:
        left = leftovers(docker_engine, twin.id)
        twin.remove()
        assert left == ()


def docker(*arguments: str) -> str:
    said = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert said.returncode == 0, said.stderr
    return said.stdout


def _quoted(text: str) -> str:
    """As a YAML flow scalar whose `$` Compose leaves alone."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "$$")
    return f'"{escaped}"'
