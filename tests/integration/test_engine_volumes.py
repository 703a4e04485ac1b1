"""Who owns what lies in a volume of the original."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from lacre.engine import Engine

NAME = "lacre-test-owners"


@pytest.fixture
def volume(engine: str) -> Iterator[str]:
    subprocess.run(["docker", "volume", "create", NAME], check=True, capture_output=True)
    yield NAME
    subprocess.run(["docker", "volume", "rm", "-f", NAME], check=True, capture_output=True)


def test_the_owners_of_a_volume_and_of_what_is_in_it_are_told(volume: str) -> None:
    command = ["docker", "run", "--rm", "-v", f"{volume}:/d", "debian:bookworm-slim"]
    subprocess.run([*command, "sh", "-c", "touch /d/a && chown 33 /d/a"], check=True, capture_output=True)
    with Engine() as engine:
        assert engine.volume_owners(volume) == {0, 33}


def test_a_volume_that_is_not_there_has_no_owner(engine: str) -> None:
    with Engine() as found:
        assert found.volume_owners("lacre-test-never-made") == frozenset()
