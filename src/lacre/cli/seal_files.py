"""Where a seal is, and which project it belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lacre.cli.work import Source
from lacre.errors import UsageError

if TYPE_CHECKING:
    from lacre.seal.model import Seal

LACRE_YAML = "lacre.yaml"


def seal_path(given: Path) -> Path:
    """The seal's file: `given` itself, or `lacre.yaml` in it."""
    path = given / LACRE_YAML if given.is_dir() else given
    if not path.is_file():
        raise UsageError(
            f"reading the seal {path}",
            "there is no such file",
            "name the seal, or make one with lacre seal",
        )
    return path


def source_of(seal: Seal, path: Path, given: Source) -> Source:
    """The project that a seal belongs to: what the user says, else the files that the seal names.

    Those are relative to the project's directory: the present one, the seal's own, or one above it
    (`--output` may be a directory within the project).
    """
    if given.files:
        return Source(
            files=given.files,
            profiles=given.profiles or seal.profiles,
            directory=given.directory,
            name=given.name,
        )
    here = path.resolve().parent
    candidates = [given.directory] if given.directory else [Path.cwd(), here, *here.parents]
    for directory in candidates:
        if all((directory / file).is_file() for file in seal.files):
            return Source(
                files=tuple(directory / file for file in seal.files),
                profiles=given.profiles or seal.profiles,
                directory=given.directory,
                name=given.name,
            )
    raise UsageError(
        f"looking for the project of {path}",
        f"{', '.join(seal.files)} is neither here nor beside the seal",
        "run lacre verify in the project's directory, or name its files with -f",
    )
