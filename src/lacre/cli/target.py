"""What a command is pointed at: a Compose project, or an image with run options."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from lacre.cli.work import Source, Work
from lacre.errors import UsageError

if TYPE_CHECKING:
    from lacre.engine import Compose, Project


def resolve(
    work: Work, compose: Compose, image: str | None, run_options: list[str], source: Source
) -> Project:
    """The project that the command line means."""
    if image is None:
        return work.project(compose, source)
    if image.startswith("-"):
        raise UsageError(
            "reading the command line",
            f"{shlex.join((image, *run_options))} are run options without an image",
            "give the image first, then its run options after `--`: nginx:1.27 -- -p 80:80",
        )
    if source.files or source.profiles or source.name:
        raise UsageError(
            "reading the command line",
            "an image was given together with Compose files, profiles or a project name",
            "give either; the run options of an image come after `--`: nginx:1.27 -- -p 80:80",
        )
    return work.image_project(image, run_options, (source.directory or Path()).absolute())


def check_services(services: list[str], project: Project) -> None:
    """Every service named with --service is in the project."""
    unknown = [name for name in services if name not in project.services]
    if unknown:
        raise UsageError(
            "choosing the services",
            f"the project has no service {', '.join(unknown)}",
            f"choose from {', '.join(sorted(project.services))}",
        )
