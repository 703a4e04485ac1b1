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


class Contexts:
    """With which folders each Dockerfile is built, as Compose files say; its own folder where none says."""

    def __init__(self) -> None:
        self._folders: dict[str, dict[str, Path]] = {}

    def add(self, build: Build) -> None:
        """Take what a service says of its build."""
        if build.file is not None and build.folder is not None:
            self._folders.setdefault(_key(build.file), {})[_key(build.folder)] = build.folder

    def of(self, dockerfile: Path) -> tuple[Path, ...]:
        """The folders, never none."""
        return tuple(self._folders.get(_key(dockerfile), {"": dockerfile.parent}).values())


def _key(path: Path) -> str:
    return os.path.abspath(path)  # noqa: PTH100 - resolving would hide a loop of links


def audit_files(targets: Iterable[Target], checks: Iterable[Check], hiding: Hiding) -> Report:
    """The report on `targets`. A subject that several targets hold (by `include`) is in it once.

    Compose files come first: they know with which context a Dockerfile is built.
    """
    asked = tuple(checks)
    files: list[FileResult] = []
    answers: list[Answer] = []
    seen: set[tuple[Subject, str]] = set()
    contexts = Contexts()
    for target in sorted(targets, key=lambda target: target.kind != "compose"):
        outcome = audit_target(target, asked, contexts)
        for build in outcome.builds:
            contexts.add(build)
        files.extend(outcome.files)
        hiding.sources = _Sources()
        for answer in outcome.answers:
            key = (answer.subject, answer.check)
            if key not in seen:
                seen.add(key)
                answers.append(hiding.over(answer))
    return Report(tuple(files), tuple(answers), tuple(hiding.warnings))


def audit_target(target: Target, checks: tuple[Check, ...], contexts: Contexts | None = None) -> Outcome:
    """One target: what was read, and what the checks say of it."""
    contexts = contexts or Contexts()
    if target.why:
        return Outcome(tuple(_untestable(target, UnreadableError(target.why))))
    try:
        return _compose(target, checks) if target.kind == "compose" else _dockerfile(target, checks, contexts)
    except UnreadableError as error:
        return Outcome(tuple(_untestable(target, error)))


def _untestable(target: Target, error: UnreadableError) -> Iterator[FileResult]:
    for file in target.files:
        yield FileResult(
            path=str(file),
            kind=target.kind,
            state=FileState.UNTESTABLE,
            why=error.why,
            place=error.place,
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


def _dockerfile(target: Target, checks: tuple[Check, ...], contexts: Contexts) -> Outcome:
    (file,) = target.files
    parsed = parse(read_text(file), str(file))
    folders = contexts.of(file)
    names = dict.fromkeys(name for folder in folders for name in exposed(file, folder))
    found = stages(parsed, tuple(map(str, folders)), tuple(names))
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
