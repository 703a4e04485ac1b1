"""The audit of files: each target read once, each subject asked once, each named file in the result."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lacre.audit.check import Check
from lacre.audit.facts.service import Build
from lacre.audit.facts.services import services
from lacre.audit.facts.stages import stages
from lacre.audit.find import Target
from lacre.audit.hiding import Hiding
from lacre.audit.model import Answer, FileResult, FileState, Report, Subject
from lacre.audit.read.compose import read_project
from lacre.audit.read.context import exposed
from lacre.audit.read.dockerfile import parse
from lacre.audit.read.files import UnreadableError, read_text
from lacre.audit.run import of_service, of_stage


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one target came to."""

    files: tuple[FileResult, ...]
    answers: tuple[Answer, ...] = ()
    builds: tuple[Build, ...] = ()


class Builds:
    """How each Dockerfile is built, as Compose files say."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, Path]] = {}
        self._targets: dict[str, set[str]] = {}

    def add(self, build: Build) -> None:
        """Take what a service says of its build."""
        if build.file is not None and build.folder is not None:
            self._folders.setdefault(_key(build.file), {})[_key(build.folder)] = build.folder
            self._targets.setdefault(_key(build.file), set()).add(build.target)

    def folders(self, dockerfile: Path) -> tuple[Path, ...]:
        """The contexts; the Dockerfile's own folder where no file says."""
        return tuple(self._folders.get(_key(dockerfile), {"": dockerfile.parent}).values())

    def targets(self, dockerfile: Path) -> frozenset[str]:
        """The stages that are built; empty for the last one."""
        return frozenset(self._targets.get(_key(dockerfile), {""}))


def _key(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - resolving would hide a loop of links


def audit_files(targets: Iterable[Target], checks: Iterable[Check], hiding: Hiding) -> Report:
    """The report on `targets`. A subject that several targets hold (by `include`) is in it once.

    Compose files come first: they know how a Dockerfile is built.
    """
    asked = tuple(checks)
    files: list[FileResult] = []
    answers: list[Answer] = []
    seen: set[tuple[Subject, str]] = set()
    builds = Builds()
    for target in sorted(targets, key=lambda target: target.kind != "compose"):
        outcome = audit_target(target, asked, builds)
        for build in outcome.builds:
            builds.add(build)
        files.extend(outcome.files)
        hiding.sources = _Sources()
        for answer in outcome.answers:
            key = (answer.subject, answer.check)
            if key not in seen:
                seen.add(key)
                answers.append(hiding.over(answer))
    return Report(tuple(files), tuple(answers), tuple(hiding.warnings))


def audit_target(target: Target, checks: tuple[Check, ...], builds: Builds | None = None) -> Outcome:
    """One target: what was read, and what the checks say of it."""
    builds = builds or Builds()
    if target.why:
        return Outcome(tuple(_untestable(target, UnreadableError(target.why))))
    try:
        return _compose(target, checks) if target.kind == "compose" else _dockerfile(target, checks, builds)
    except UnreadableError as error:
        return Outcome(tuple(_untestable(target, error)))


def _untestable(target: Target, error: UnreadableError) -> Iterator[FileResult]:
    for file in target.files:
        itself = error.file in ("", str(file))
        yield FileResult(
            path=str(file),
            kind=target.kind,
            state=FileState.UNTESTABLE,
            why=error.why if itself else f"{error.file}, which belongs to it, was not read: {error.why}",
            place=error.place if itself else None,
            named=target.named,
        )


def _compose(target: Target, checks: tuple[Check, ...]) -> Outcome:
    project = read_project(target.files)
    found = services(project)
    if not found:
        raise UnreadableError("it has no services")
    answers = tuple(answer for service in found for answer in of_service(service, checks))
    builds = tuple(service.build for service in found if service.build is not None)
    return Outcome(tuple(_tested(target, len(found), project.notes)), answers, builds)


def _dockerfile(target: Target, checks: tuple[Check, ...], builds: Builds) -> Outcome:
    (file,) = target.files
    parsed = parse(read_text(file), str(file))
    folders = builds.folders(file)
    names = dict.fromkeys(name for folder in folders for name in exposed(file, folder))
    found = stages(parsed, tuple(map(str, folders)), tuple(names), builds.targets(file))
    if not found:
        raise UnreadableError("it has no FROM that names a base")
    answers = tuple(answer for stage in found for answer in of_stage(stage, checks))
    return Outcome(tuple(_tested(target, len(found), list(parsed.notes))), answers)


def _tested(target: Target, subjects: int, notes: list[str]) -> Iterator[FileResult]:
    for number, file in enumerate(target.files):
        yield FileResult(
            path=str(file),
            kind=target.kind,
            state=FileState.TESTED,
            named=target.named,
            subjects=subjects if number == 0 else 0,
            notes=tuple(notes) if number == 0 else (),
        )


class _Sources(dict[str, list[str]]):
    """The lines of files, read when a finding first asks for them."""

    def get(self, file: str, default: list[str] | None = None) -> list[str] | None:  # type: ignore[override]
        if file not in self:
            try:
                self[file] = read_text(Path(file)).splitlines()
            except UnreadableError:
                return default
        return self[file]
