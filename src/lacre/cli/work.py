"""What the commands call. A test hands in its own `Work`; everything heavy is imported when it is called."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import typer

from lacre.errors import GroundError, UsageError

if TYPE_CHECKING:
    from lacre.attacks import Attack, Attacked, Comparison
    from lacre.engine import Cleaned, Compose, Engine, Leftover, Project
    from lacre.report.ground import Check
    from lacre.seal.model import Seal
    from lacre.seal.pipeline import Options, Progress, Sealed, Verification
    from lacre.sensor import SensorGround


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a Compose project is: what `docker compose` itself is told."""

    files: tuple[Path, ...] = ()
    profiles: tuple[str, ...] = ()
    directory: Path | None = None
    name: str | None = None


class Work(Protocol):
    """The functions behind the commands."""

    def engine(self) -> Engine:
        """The engine that the `docker` command would use."""

    def compose(self) -> Compose:
        """The user's own Compose."""

    def project(self, compose: Compose, source: Source) -> Project:
        """The Compose project, resolved."""

    def image_project(self, reference: str, options: Sequence[str], directory: Path) -> Project:
        """A project of one service, made from an image and the options of `docker run`."""

    def seal_project(
        self, engine: Engine, compose: Compose, project: Project, options: Options, progress: Progress
    ) -> Sealed:
        """The pipeline of `lacre seal`, but for the writing."""

    def render_files(self, sealed: Sealed, output: Path, compose: Compose) -> dict[str, str]:
        """The files of a seal, as text, by path relative to `output`."""

    def write(self, directory: Path, files: Mapping[str, str]) -> None:
        """Write them, each one whole."""

    def load_seal(self, path: Path) -> Seal:
        """Read a seal; its errors name line and key."""

    def verify_seal(
        self,
        engine: Engine,
        compose: Compose,
        project: Project,
        seal: Seal,
        options: Options,
        progress: Progress,
    ) -> Verification:
        """Prove an existing seal again."""

    def attack(
        self,
        engine: Engine,
        compose: Compose,
        project: Project,
        seal: Seal | None,
        options: Options,
        attacks: Sequence[Attack],
        progress: Progress,
    ) -> Comparison | Attacked:
        """Attack a twin as the project is, and one under the seal if there is one."""

    def probe(self) -> SensorGround:
        """What the sensor can see on this kernel."""

    def examine(self) -> tuple[Check, ...]:
        """Everything that `lacre doctor` looks at."""

    def leftovers(self, engine: Engine) -> tuple[Leftover, ...]:
        """What lacre made on this engine, and still is there."""

    def clean(self, engine: Engine) -> Cleaned:
        """Remove what killed runs left."""


def work_of(context: typer.Context) -> Work:
    """What the commands call: the real thing, unless a test handed in its own."""
    return RealWork() if context.obj is None else cast(Work, context.obj)


def engine_and_compose(work: Work) -> tuple[Engine, Compose]:
    """Both, looked for side by side: one is a program to wait for, the other an import of 0.1 s."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        compose = pool.submit(work.compose)
        return work.engine(), compose.result()


def _need_ground(engine: Engine) -> None:
    """Who may talk to an engine need not be root, nor see its containers; say so before anything is made."""
    if os.geteuid() != 0:
        raise GroundError(
            "preparing to watch containers",
            f"this is uid {os.geteuid()}, and only root may watch the kernel",
            "run lacre as root (sudo); `lacre doctor` says what else is missing",
        )
    from lacre.cli import ground

    ground.need(engine.info())


class RealWork:
    """The packages of lacre themselves."""

    def engine(self) -> Engine:
        """The engine that the `docker` command would use."""
        from lacre.engine import Engine

        return Engine()

    def compose(self) -> Compose:
        """The user's own Compose."""
        from lacre.engine import Compose

        return Compose()

    def project(self, compose: Compose, source: Source) -> Project:
        """The Compose project, resolved."""
        environment = {"COMPOSE_PROJECT_NAME": source.name} if source.name else None
        return compose.resolve(source.files, source.profiles, source.directory, environment)

    def image_project(self, reference: str, options: Sequence[str], directory: Path) -> Project:
        """A project of one service, made from an image and what follows it in `docker run`."""
        from lacre.engine import project_from_run_options

        return project_from_run_options(reference, options, directory=directory)

    def seal_project(
        self, engine: Engine, compose: Compose, project: Project, options: Options, progress: Progress
    ) -> Sealed:
        """The pipeline of `lacre seal`, but for the writing."""
        from lacre.seal import pipeline

        _need_ground(engine)
        return pipeline.seal_project(engine, compose, project, options, progress)

    def render_files(self, sealed: Sealed, output: Path, compose: Compose) -> dict[str, str]:
        """The files of a seal, as text, by relative path."""
        from lacre.seal import pipeline

        return pipeline.render_files(compose, sealed, output)

    def write(self, directory: Path, files: Mapping[str, str]) -> None:
        """Write them, each one whole."""
        from lacre.writing import write_atomically

        write_atomically(directory, files)

    def load_seal(self, path: Path) -> Seal:
        """Read a seal; its errors name line and key."""
        from lacre.seal import file

        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise UsageError(
                f"reading the seal {path}", str(problem), "name the seal, or make one with lacre seal"
            ) from problem
        return file.load(text, str(path))

    def verify_seal(
        self,
        engine: Engine,
        compose: Compose,
        project: Project,
        seal: Seal,
        options: Options,
        progress: Progress,
    ) -> Verification:
        """Prove an existing seal again."""
        from lacre.seal import pipeline

        _need_ground(engine)
        return pipeline.verify_seal(engine, compose, project, seal, options, progress)

    def attack(
        self,
        engine: Engine,
        compose: Compose,
        project: Project,
        seal: Seal | None,
        options: Options,
        attacks: Sequence[Attack],
        progress: Progress,
    ) -> Comparison | Attacked:
        """Attack a twin as the project is, and one under the seal if there is one."""
        from lacre.seal import pipeline

        _need_ground(engine)
        return pipeline.attack_project(engine, compose, project, seal, options, attacks, progress)

    def probe(self) -> SensorGround:
        """What the sensor can see on this kernel."""
        from lacre.sensor import probe

        return probe()

    def examine(self) -> tuple[Check, ...]:
        """Everything that `lacre doctor` looks at."""
        from lacre.cli import ground

        return ground.examine(self)

    def leftovers(self, engine: Engine) -> tuple[Leftover, ...]:
        """What lacre made on this engine, and still is there."""
        from lacre.engine import leftovers

        return leftovers(engine)

    def clean(self, engine: Engine) -> Cleaned:
        """Remove what killed runs left."""
        from lacre.engine import clean

        return clean(engine)
