"""`lacre audit`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lacre.cli.screen import Screen
from lacre.errors import GroundError, UsageError

if TYPE_CHECKING:
    from lacre.audit.check import Check
    from lacre.audit.hiding import Hiding
    from lacre.audit.model import Report

FOUND = 1
UNTESTED = 3
CONFIG = "lacre.toml"


class Format(StrEnum):
    """How the report is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


class FailOn(StrEnum):
    """`lacre.audit.model.Severity`, and never: the least that makes the exit code 1."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NEVER = "never"


def audit(  # noqa: PLR0913, PLR0917 - a command line has as many parameters as it has options
    paths: Annotated[
        list[Path] | None,
        typer.Argument(metavar="PATH...", help="Compose files, Dockerfiles, and folders to search for them."),
    ] = None,
    files: Annotated[
        list[Path] | None,
        typer.Option(
            "-f",
            "--file",
            metavar="FILE",
            help="Compose file of one project; repeat it for overrides, as with docker compose.",
        ),
    ] = None,
    containers: Annotated[
        list[str] | None,
        typer.Option("--container", metavar="NAME", help="A container of the engine; may be repeated."),
    ] = None,
    images: Annotated[
        list[str] | None,
        typer.Option(
            "--image", metavar="REF", help="An image of the engine, with all its files; may be repeated."
        ),
    ] = None,
    format: Annotated[
        Format,
        typer.Option(
            "--format", metavar="|".join(Format), help="How to write the report to standard output."
        ),
    ] = Format.TEXT,
    fail_on: Annotated[
        FailOn,
        typer.Option(
            "--fail-on", metavar="|".join(FailOn), help="The least severity that makes the exit code 1."
        ),
    ] = FailOn.HIGH,
    level: Annotated[
        int,
        typer.Option("--level", min=1, max=2, metavar="1|2", help="1: only checks that are for everybody."),
    ] = 2,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="List every finding with its place (text only).")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config",
            metavar="FILE",
            help="File with suppressions; without it, lacre.toml here if there is one.",
        ),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Do not count the findings that this file holds."),
    ] = None,
    write_baseline: Annotated[
        Path | None,
        typer.Option(
            "--write-baseline", metavar="FILE", help="Write the findings of this run as a baseline."
        ),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            help="Mend what cannot change the application: shows the diff, asks, and writes the files.",
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: write without asking.")] = False,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="ID", help="Say what a check means and how to mend it.")
    ] = None,
) -> None:
    """Audit this machine's containers, images, engine and host; or Compose files and Dockerfiles, without Docker.

    \b
    Examples:
      lacre audit
      lacre audit --container web --container db
      lacre audit --image registry.example/web:1.4
      lacre audit .
      lacre audit compose.yaml Dockerfile --fail-on medium
      lacre audit -f compose.yaml -f prod.yaml --format sarif > lacre.sarif
      lacre audit --fix compose.yaml
      lacre audit --explain LC532

    \b
    Exit codes: 0 nothing at or above --fail-on; 1 findings; 2 wrong use;
    3 something that was named could not be tested.
    """
    screen = Screen()
    from lacre.audit.registry import BY_ID, CHECKS

    if explain is not None:
        from lacre.report import audit_text

        screen.result(audit_text.explained(_known(explain, BY_ID), screen.look))
        return
    asked = {check.id: check for check in CHECKS if check.level <= level}
    hiding = _hiding(config, baseline)
    if fix:
        if not (paths or files) or containers or images:
            raise UsageError(
                "mend files", "only files can be mended", "name files or folders: lacre audit --fix ."
            )
        _fix(_of_files(paths or [], files or [], asked, hiding), screen, yes=yes)
        return
    reports = []
    if paths or files:
        reports.append(_of_files(paths or [], files or [], asked, hiding))
    if containers or images or not reports:
        reports.append(_of_machine(containers or [], images or [], asked, hiding, screen))
    report = _together(reports)
    if write_baseline is not None:
        from lacre.audit.hiding import baseline_text
        from lacre.writing import write_file

        write_file(write_baseline, baseline_text(report.findings))
    screen.result(_rendered(report, asked, format, screen, verbose=verbose))
    for warning in report.warnings:
        screen.warn(warning)
    code = _exit_code(report, fail_on)
    if code:
        raise typer.Exit(code)


def _of_files(paths: list[Path], files: list[Path], asked: dict[str, Check], hiding: Hiding) -> Report:
    from lacre.audit.files import audit_files
    from lacre.audit.find import find

    projects = [tuple(_shown(file) for file in files)] if files else []
    return audit_files(find([_shown(path) for path in paths], projects), asked.values(), hiding)


def _of_machine(
    containers: list[str], images: list[str], asked: dict[str, Check], hiding: Hiding, screen: Screen
) -> Report:
    from lacre.audit import collect
    from lacre.audit.kept import Kept
    from lacre.audit.machine import audit_machine
    from lacre.engine.reader import reader

    wanted = collect.Wanted(containers=tuple(containers), images=tuple(images))
    trust = os.environ.get("DOCKER_CONTENT_TRUST", "")
    try:
        with reader() as asking:
            machine = collect.machine(asking, wanted, Kept(_cache()), trust=trust, say=screen.say)
    except GroundError as error:
        if not wanted.whole:
            raise
        # The host can be looked at without its engine; that the engine was not is said, and is an exit code.
        here = os.environ.get("DOCKER_HOST", "unix://").startswith("unix://")
        machine = collect.without_engine(error.happened, trust=trust, here=here)
    return audit_machine(machine, asked.values(), hiding)


def _cache() -> Path | None:
    """Where summaries of images are kept: this user's cache directory (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "lacre" / "images"
    home = os.environ.get("HOME", "")
    return Path(home) / ".cache" / "lacre" / "images" if home.startswith("/") else None


def _fix(report: Report, screen: Screen, *, yes: bool) -> None:
    """Show what would change, and change it where that is allowed; exit code 1 where there was more to do."""
    from lacre.audit.fix import Left, Mended, mended, write
    from lacre.report import audit_fix

    outcomes = list(mended(report.open))
    changes = [outcome for outcome in outcomes if not isinstance(outcome, Left)]
    left = [outcome for outcome in outcomes if isinstance(outcome, Left)]
    screen.result(audit_fix.render(changes, left, report))
    if not changes:
        return
    if not yes and not screen.confirm("write these files?"):
        raise typer.Exit(FOUND)
    done: list[Mended] = []
    try:
        for change in changes:
            write(change)
            done.append(change)
    finally:
        if done:  # some are written although a later one could not be
            screen.say(audit_fix.written(done))


def _together(reports: list[Report]) -> Report:
    from lacre.audit.model import Report

    if len(reports) == 1:
        return reports[0]
    return Report(
        tuple(file for report in reports for file in report.files),
        tuple(answer for report in reports for answer in report.answers),
        tuple(dict.fromkeys(warning for report in reports for warning in report.warnings)),
    )


def _known(name: str, by_id: dict[str, Check]) -> Check:
    wanted = name.strip().lower()
    for check in by_id.values():
        if wanted in (check.id.lower(), check.name):
            return check
    raise UsageError("explain a check", f"no check is called {name}", "docs/checks lists all of them")


def _shown(path: Path) -> Path:
    """A path as the report names it: from this folder if it is below it, else absolute."""
    whole, here = os.path.abspath(path), os.getcwd()  # noqa: PTH100, PTH109 - links stay links
    if whole == here:
        return Path()
    return Path(whole[len(here) + 1 :]) if whole.startswith(f"{here.rstrip('/')}/") else Path(whole)


def _hiding(config: Path | None, baseline: Path | None) -> Hiding:
    from datetime import date

    from lacre.audit import hiding
    from lacre.audit.read.files import UnreadableError, read_text

    entries: tuple[hiding.Ignore, ...] = ()
    known: frozenset[str] = frozenset()
    here = Path(CONFIG)
    path = config if config is not None else here if here.is_file() else None
    try:
        if path is not None:
            entries = hiding.ignores(read_text(path))
        if baseline is not None:
            path = baseline
            known = hiding.baseline(read_text(path))
    except (hiding.WrongFileError, UnreadableError) as error:
        raise UsageError(f"read {path}", str(error), "docs/audit.md shows how it is written") from None
    return hiding.Hiding(date.today(), entries, known)


def _rendered(
    report: Report, checks: dict[str, Check], format: Format, screen: Screen, *, verbose: bool
) -> str:
    match format:
        case Format.JSON:
            from lacre.report import audit_json

            return audit_json.render(report, checks)
        case Format.SARIF:
            from lacre import __version__
            from lacre.report import audit_sarif

            return audit_sarif.render(report, checks, __version__)
        case Format.JUNIT:
            from lacre.report import audit_junit

            return audit_junit.render(report, checks)
        case Format.TEXT:
            from lacre.report import audit_text

            return audit_text.render(report, checks, screen.look, every=verbose)


def _exit_code(report: Report, fail_on: FailOn) -> int:
    from lacre.audit.model import Severity

    if fail_on is not FailOn.NEVER:
        least = Severity(fail_on.value).rank
        if any(found.severity.rank <= least for found in report.open):
            return FOUND
    return UNTESTED if any(file.named for file in report.untested) else 0
