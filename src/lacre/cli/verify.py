"""`lacre verify`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lacre.cli import exercises, options
from lacre.cli.interrupt import interruptible
from lacre.cli.screen import Screen
from lacre.cli.seal_files import LACRE_YAML, seal_path, source_of
from lacre.cli.work import Source, Work, engine_and_compose, work_of

if TYPE_CHECKING:
    from lacre.engine import Compose, Project
    from lacre.seal.model import Seal

FAILS = 1
RENEW = 4


def verify(  # noqa: PLR0913, PLR0917 - a command line has as many parameters as it has options
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="SEAL", help="The seal, or the directory that it is in.")
    ] = LACRE_YAML,
    run_options: Annotated[
        list[str] | None,
        typer.Argument(metavar="-- RUN_OPTIONS", help="Of an image's seal: the options it was sealed with."),
    ] = None,
    files: options.Files = None,
    profiles: options.Profiles = None,
    services: options.Services = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(
            "--exercise", metavar="COMMAND", help="Instead of the exercises that the seal names; repeatable."
        ),
    ] = None,
    format: options.FormatOption = options.Format.TEXT,
    ready_timeout: options.ReadyTimeout = 120.0,
    exercise_timeout: options.ExerciseTimeout = 600.0,
    allow_egress: options.AllowEgress = None,
    allow_host: options.AllowHost = None,
    keep_twin: options.KeepTwin = False,
    attack: Annotated[
        bool, typer.Option("--attack", help="Try the attacks too: none that the seal had stopped may work.")
    ] = False,
    project_name: options.ProjectName = None,
    project_directory: options.ProjectDirectory = None,
) -> None:
    """Prove an existing seal again, and tell what has changed since: image, engine, Compose files.

    \b
    Examples:
      lacre verify
      lacre verify sealed/lacre.yaml -f compose.yaml
      lacre verify --attack || exit $?          in CI
      lacre verify sealed -- -p 80:80           the seal of an image

    \b
    Exit codes: 0 the seal holds; 4 the exercise passes under it, but it must be renewed (another image,
    engine or Compose file, or grants that are new); 1 it fails, or an attack that it had stopped is not
    stopped any more; 2 wrong use or ground; 130 interrupted.
    """
    screen = Screen()
    work = work_of(context)
    host = options.host_access(allow_host)
    with interruptible(screen.say, "interrupted: nothing was decided"):
        from lacre.report import verified
        from lacre.seal.pipeline import Options

        file = seal_path(Path(path))
        seal = work.load_seal(file)
        given = Source(
            files=tuple(files or ()),
            profiles=tuple(profiles or ()),
            directory=project_directory,
            name=project_name,
        )
        engine, compose = engine_and_compose(work)
        project = _project(work, compose, seal, file, given, run_options or [])
        chosen = Options(
            exercises=exercises.parse(exercise, project.services) if exercise else seal.exercises,
            margin=seal.margin,
            services=tuple(services or ()),
            ready_timeout=ready_timeout,
            exercise_timeout=exercise_timeout,
            allow_egress=tuple(allow_egress or ()),
            allow_host=host,
            keep_twin=keep_twin,
            attack=attack,
            seccomp="derived",
        )
        with screen.progress() as progress:
            found = work.verify_seal(engine, compose, project, seal, chosen, progress)
        report = verified.VerifiedReport(
            works=found.works,
            changed=found.changed,
            new=found.new,
            unused=found.unused,
            failures=found.failures,
            again=found.again,
        )
        if format is options.Format.JSON:
            from lacre.report import jsonout

            screen.result(jsonout.verified(report))
        else:
            screen.result(verified.render(report, screen.look))
    codes = {verified.Standing.HOLDS: 0, verified.Standing.RENEW: RENEW, verified.Standing.FAILS: FAILS}
    raise typer.Exit(codes[report.verdict])


def _project(
    work: Work, compose: Compose, seal: Seal, file: Path, given: Source, run_options: list[str]
) -> Project:
    """The project that the seal is of; the seal of an image names no files."""
    if seal.files or given.files:
        return work.project(compose, source_of(seal, file, given))
    (service,) = seal.services.values()
    directory = (given.directory or Path()).absolute()
    return work.image_project(service.image.reference, run_options, directory)
