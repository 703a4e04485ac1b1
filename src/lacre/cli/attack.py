"""`lacre attack`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lacre.cli import options, target
from lacre.cli.interrupt import interruptible
from lacre.cli.screen import Screen, today
from lacre.cli.seal_files import LACRE_YAML, seal_path
from lacre.cli.work import Source, engine_and_compose, work_of
from lacre.errors import UsageError
from lacre.report.text import Look

if TYPE_CHECKING:
    from lacre.attacks import Attack
    from lacre.engine import Project
    from lacre.seal.model import Seal

WORKS_AGAIN = 1


def attack(  # noqa: PLR0913, PLR0917 - a command line has as many parameters as it has options
    context: typer.Context,
    image: options.Target = None,
    run_options: options.RunOptions = None,
    files: options.Files = None,
    profiles: options.Profiles = None,
    services: options.Services = None,
    seal: Annotated[
        Path | None,
        typer.Option(
            "--seal",
            metavar="SEAL",
            help="Attack under this seal too; without it, under the project's own lacre.yaml if there is one.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", metavar="ATTACK", help="Only this attack, by its identifier; repeatable."),
    ] = None,
    names: Annotated[bool, typer.Option("--list", help="List the attacks and try none.")] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write the report as a page too.")
    ] = None,
    format: options.FormatOption = options.Format.TEXT,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", help="Name every attack that was not applicable.")
    ] = False,
    ready_timeout: options.ReadyTimeout = 120.0,
    allow_egress: options.AllowEgress = None,
    allow_host: options.AllowHost = None,
    project_name: options.ProjectName = None,
    project_directory: options.ProjectDirectory = None,
) -> None:
    """Try on a twin what an intruder would do next: as the target is, and under its seal.

    Every attack is harmless and bounded, and none leaves the twin, which is made for it and removed.

    \b
    Examples:
      lacre attack                              the Compose project here, and its lacre.yaml
      lacre attack -f compose.yaml --service web --html report.html
      lacre attack --seal sealed/lacre.yaml --only mount --only etc
      lacre attack nginx:1.27 -- -p 80:80       an image as it is
      lacre attack --list

    \b
    Exit codes: 0 tried; 1 an attack that the seal had stopped works again, or cannot be told;
    2 wrong use or ground; 130 interrupted.
    """
    screen = Screen()
    if names:
        screen.result(_names(screen.look, format))
        return
    chosen = _chosen(only or [])
    if html:
        from lacre.writing import check_file

        check_file(html)  # said before the minutes that it takes to fill it
    work = work_of(context)
    host = options.host_access(allow_host)
    with interruptible(screen.say, "interrupted: nothing was decided"):
        from lacre.report.html import Page, render
        from lacre.seal.attacking import no_longer_stopped
        from lacre.seal.pipeline import Options

        source = Source(
            files=tuple(files or ()),
            profiles=tuple(profiles or ()),
            directory=project_directory,
            name=project_name,
        )
        engine, compose = engine_and_compose(work)
        project = target.resolve(work, compose, image, run_options or [], source)
        target.check_services(services or [], project)
        path = _seal_path(seal, project.directory, image)
        sealed = work.load_seal(path) if path else None
        _check_seal(sealed, path, frozenset(project.services))
        for line in _unlike(sealed, project, frozenset(services or project.services)):
            screen.warn(line)
        with screen.progress() as progress:
            tried = work.attack(
                engine,
                compose,
                project,
                sealed,
                Options(
                    services=tuple(services or ()),
                    ready_timeout=ready_timeout,
                    allow_egress=tuple(allow_egress or ()),
                    allow_host=host,
                ),
                chosen,
                progress,
            )
        from lacre.attacks import Comparison
        from lacre.report import attacks as text
        from lacre.report import jsonout

        again = (
            no_longer_stopped(sealed.services, tried.after)
            if sealed and isinstance(tried, Comparison)
            else {}
        )
        screen.result(
            jsonout.attacks(tried)
            if format is options.Format.JSON
            else text.render(tried, screen.look, verbose=verbose)
        )
        if html:
            from lacre.writing import write_file

            write_file(
                html,
                render(Page(title=project.name, date=today(), seal=sealed, project=project, attacked=tried)),
            )
    raise typer.Exit(WORKS_AGAIN if again else 0)


def _names(look: Look, format: options.Format) -> str:
    from lacre.attacks import ATTACKS
    from lacre.report import attacks as text
    from lacre.report import jsonout

    return jsonout.attack_names(ATTACKS) if format is options.Format.JSON else text.names(ATTACKS, look)


def _chosen(only: list[str]) -> tuple[Attack, ...]:
    from lacre.attacks import ATTACKS

    known = {attack.id: attack for attack in ATTACKS}
    unknown = [name for name in only if name not in known]
    if unknown:
        raise UsageError(
            "choosing the attacks", f"there is no attack {', '.join(unknown)}", "see lacre attack --list"
        )
    return tuple(known[name] for name in dict.fromkeys(only)) or ATTACKS


def _seal_path(given: Path | None, directory: Path, image: str | None) -> Path | None:
    """The seal to attack under: the one named, else the project's own."""
    if given:
        return seal_path(given)
    own = directory / LACRE_YAML
    return own if image is None and own.is_file() else None


def _check_seal(sealed: Seal | None, path: Path | None, services: frozenset[str]) -> None:
    if sealed and not services & sealed.services.keys():
        raise UsageError(
            f"reading the seal {path}",
            f"it is of {', '.join(sorted(sealed.services))}, and the target has none of them",
            "name the seal of this target with --seal",
        )


def _unlike(sealed: Seal | None, project: Project, services: frozenset[str]) -> Iterator[str]:
    """What a reader should know of a seal that is not, or no longer, that of this target."""
    if sealed is None:
        return
    from lacre.seal.twins import digest

    if sealed.source and sealed.source != digest(project):
        yield "the Compose files are not those that the seal was made of: lacre verify says whether it still fits"
    unsealed = sorted(services - sealed.services.keys())
    if unsealed:
        yield f"not in the seal, and attacked as they are on both sides: {', '.join(unsealed)}"
