"""Docker Compose 5, from its module."""

from __future__ import annotations

from pathlib import Path

from tests.grounds.modules import Build, built

VERSION = "v5.1.2"
_COMPOSE = "github.com/docker/compose/v5"
PROGRAMS = [
    Build(
        "cli-plugins/docker-compose",
        f"{_COMPOSE}@{VERSION}",
        "./cmd",
        f"-X {_COMPOSE}/internal.Version={VERSION}",
    )
]


def compose5() -> Path:
    """A directory for DOCKER_CONFIG in which `docker compose` is Compose 5."""
    return built("compose5", PROGRAMS)
