"""`lacre seal`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lacre.cli import exercises, options
from lacre.cli.interrupt import interruptible
from lacre.cli.screen import Screen, today
from lacre.cli.target import check_services, resolve
from lacre.cli.work import Source, engine_and_compose, work_of
from lacre.errors import UsageError

if TYPE_CHECKING:
    from lacre.report.sealed import SealedReport
    from lacre.seal.pipeline import Sealed

NOT_WHOLE = 3
JOBS = 2  # twins at the same time where only lacre's own exerciser runs: it disturbs no other
REPORT = "report.html"


def seal(  # noqa: PLR0913, PLR0917 - a command line has as many parameters as it has options
    context: typer.Context,
    target: options.Target = None,
    run_options: options.RunOptions = None,
    files: options.Files = None,
    profiles: options.Profiles = None,
    services: options.Services = None,
    exercise: Annotated[
        list[str] | None,
        typer.Option(
            "--exercise",
            metavar="COMMAND",
            help="Shell command that makes the application work; NAME=COMMAND for service NAME; repeatable.",
        ),
    ] = None,
    margin: Annotated[
        options.Margin,
        typer.Option(
            "--margin",
            metavar="|".join(options.Margin),
            help="How much room to leave beyond what was observed.",
        ),
    ] = options.Margin.NORMAL,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Where to write; without it, the project's directory."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Observe, derive and prove, but write nothing.")
    ] = False,
    format: options.FormatOption = options.Format.TEXT,
    ready_timeout: options.ReadyTimeout = 120.0,
    exercise_timeout: options.ExerciseTimeout = 600.0,
    seccomp: Annotated[
        options.Seccomp,
        typer.Option(
            "--seccomp",
            metavar="|".join(options.Seccomp),
            help="The filter: derived from what was observed, or Docker's default.",
        ),
    ] = options.Seccomp.DERIVED,
    allow_egress: options.AllowEgress = None,
    allow_host: options.AllowHost = None,
    keep_twin: options.KeepTwin = False,
    attack: Annotated[
        bool,
        typer.Option(
            "--attack/--no-attack", help="Attack a twin before and after sealing, and report what is stopped."
        ),
    ] = True,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            min=1,
            metavar="N",
            help="Twins at the same time, where trials need not wait for each other; each runs the exercises. "
            f"Without it 1, and {JOBS} where there is no --exercise.",
        ),
    ] = None,
    project_name: options.ProjectName = None,
    project_directory: options.ProjectDirectory = None,
) -> None:
    """Seal a Compose project or an image: observe a twin at work, derive the least it needs, prove it.

    \b
    Examples:
      lacre seal --exercise 'sh smoke.sh'
      lacre seal -f compose.yaml -f prod.yaml --exercise 'curl -fsS http://$LACRE_WEB_80/'
      lacre seal --service db --exercise 'db=psql -h $LACRE_DB -c "select 1"'
      lacre seal nginx:1.27 --exercise 'curl -fsS http://$LACRE_NGINX_80/' -- -p 80:80

    \b
    Exit codes: 0 sealed whole; 3 sealed with a control off; 1 not proved, nothing written;
    2 wrong use or ground; 130 interrupted.
    """
    screen = Screen()
    work = work_of(context)
    host = options.host_access(allow_host)
    with interruptible(screen.say) as interruption:
        from lacre.seal.model import Margin
        from lacre.seal.pipeline import Options

        source = Source(
            files=tuple(files or ()),
            profiles=tuple(profiles or ()),
            directory=project_directory,
            name=project_name,
        )
        engine, compose = engine_and_compose(work)
        project = resolve(work, compose, target, run_options or [], source)
        check_services(services or [], project)
        directory = project.directory if output is None else output
        if not dry_run:
            _check_output(directory)
        warnings = []
        for typed in exercise or []:
            if exercises.looks_like_password(typed):
                warnings.append(
                    "an exercise seems to contain a password; the seal stores it as typed: "
                    "put the password into a file or a variable of your own"
                )
                screen.warn(warnings[-1])
                break
        chosen = Options(
            exercises=exercises.parse(exercise or (), project.services),
            margin=Margin(margin.value),
            services=tuple(services or ()),
            ready_timeout=ready_timeout,
            exercise_timeout=exercise_timeout,
            allow_egress=tuple(allow_egress or ()),
            allow_host=host,
            keep_twin=keep_twin,
            jobs=_jobs(jobs, exercised=bool(exercise), keep_twin=keep_twin),
            attack=attack,
            seccomp=seccomp.value,
        )
        with screen.progress() as progress:
            sealed = work.seal_project(engine, compose, project, chosen, progress)
        texts = work.render_files(sealed, directory, compose)
        texts[REPORT] = _page(sealed, _next_command(sealed, _relative(directory), source))
        if not dry_run:
            interruption.finish()
            work.write(directory, texts)
        report = _report(sealed, directory, texts, warnings, written=not dry_run, source=source)
        if format is options.Format.JSON:
            from lacre.report import jsonout

            screen.result(jsonout.sealed(report))
        else:
            from lacre.report import sealed as text

            screen.result(text.render(report, screen.look))
    raise typer.Exit(0 if sealed.whole else NOT_WHOLE)


def _jobs(given: int | None, *, exercised: bool, keep_twin: bool) -> int:
    """How many twins may run at the same time: a user's script may not bear to run beside itself."""
    if keep_twin and given is not None and given > 1:
        raise UsageError(
            "reading the command line",
            "of twins at the same time none is the last one, which --keep-twin keeps",
            "leave out --jobs or --keep-twin",
        )
    return given or (1 if exercised or keep_twin else JOBS)


def _check_output(directory: Path) -> None:
    """Say now, not after minutes of work, that nothing could be written there."""
    nearest = directory
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise UsageError(
            f"looking whether {directory} can be written",
            f"{nearest} is {'not writable' if nearest.is_dir() else 'not a directory'}",
            "choose another directory with --output",
        )


def _report(
    sealed: Sealed,
    directory: Path,
    texts: dict[str, str],
    warnings: list[str],
    *,
    written: bool,
    source: Source,
) -> SealedReport:
    from lacre.report.sealed import SealedReport

    shown = _relative(directory)
    return SealedReport(
        seal=sealed.seal,
        project=sealed.project,
        warnings=(*warnings, *sealed.warnings),
        trials=sealed.trials,
        spent=sealed.seconds,
        files=[str(shown / path) for path in texts],
        written=written,
        next_command=_next_command(sealed, shown, source),
        attacks=sealed.attacks,
    )


def _page(sealed: Sealed, next_command: str) -> str:
    from lacre.report.html import Page, render

    return render(
        Page(
            title=sealed.project.name,
            date=today(),
            seal=sealed.seal,
            project=sealed.project,
            attacked=sealed.attacks,
            warnings=sealed.warnings,
            next_command=next_command,
        )
    )


def _relative(path: Path) -> Path:
    """`path` as short as it can be written from here."""
    here = Path.cwd()
    absolute = (here / path).resolve()
    return absolute.relative_to(here) if absolute.is_relative_to(here) else absolute


def _next_command(sealed: Sealed, output: Path, source: Source) -> str:
    """What runs the sealed target: Compose with the override, or for an image its `docker run` line."""
    project = sealed.project
    if not project.files:
        from lacre.render import docker_run

        ((name, service),) = project.services.items()
        return docker_run(sealed.seal.services[name], service, str(output / "seccomp" / f"{name}.json"))
    words = ["docker", "compose"]
    if source.name:
        words += ["-p", source.name]
    if source.directory:
        words += ["--project-directory", str(source.directory)]
    for profile in source.profiles:
        words += ["--profile", profile]
    for file in project.files:
        words += ["-f", str(_relative(file))]
    return shlex.join([*words, "-f", str(output / "compose.sealed.yaml"), "up", "-d"])
