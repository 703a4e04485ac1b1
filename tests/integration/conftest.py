"""Everything below this directory needs root and a real engine; the grounds are started when a test asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.grounds import Engine26, Machine

HERE = Path(__file__).resolve().parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.docker)
            if {"ground_d"} & set(getattr(item, "fixturenames", ())):
                item.add_marker(pytest.mark.long)


@pytest.fixture(scope="session", autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.fail("the integration tests need root (the sensor loads BPF programs)", pytrace=False)


@pytest.fixture(scope="module")
def ground_b(engine: str) -> Iterator[Engine26]:
    """Docker 26 with overlay2; `docker_host` is what DOCKER_HOST must be."""
    with Engine26("overlay2") as ground:
        yield ground


@pytest.fixture(scope="module")
def ground_c(engine: str) -> Iterator[Engine26]:
    """Docker 26 with the containerd image store."""
    with Engine26("containerd") as ground:
        yield ground


@pytest.fixture(scope="session")
def ground_d(engine: str) -> Iterator[Machine]:
    """Debian 13 in QEMU: cgroup v2, AppArmor, kernel 6.12. Tests that use it are `long`."""
    with Machine() as machine:
        yield machine
