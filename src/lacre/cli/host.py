"""`lacre host`: audit, plan, apply, rollback."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from lacre.cli.interrupt import interruptible
from lacre.cli.options import Format, FormatOption
from lacre.cli.screen import Screen

if TYPE_CHECKING:
    from lacre.host.facts import AskDaemon
    from lacre.host.files import Root

FINDINGS = 1
IN_PART = 3

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def host() -> None:
    """Harden the kernel and the engine under all containers, with a way back.

    \b
    Examples:
      lacre host audit
      lacre host plan --profile container-host
      lacre host apply --profile container-host
      lacre host rollback
    """


class HostProfile(StrEnum):
    """`lacre.host.model.Profile`, again: help must not wait for the package."""

    CONTAINER_HOST = "container-host"
    BUILD_HOST = "build-host"
    DEV = "dev"


class AuditFormat(StrEnum):
    """How an audit is written."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"


ProfileOption = Annotated[
    HostProfile,
    typer.Option("--profile", metavar="|".join(HostProfile), help="What this host is for."),
]
Accept = Annotated[
    list[str] | None,
    typer.Option(
        "--accept",
        metavar="SETTING",
        help="Change this one although somebody here needs what it takes away; repeatable.",
    ),
]
Skip = Annotated[
    list[str] | None,
    typer.Option("--skip", metavar="SETTING", help="Leave this one as it is; repeatable."),
]


@app.command(short_help="Say what of this host is not as it should be, now and after a restart.")
def audit(
    context: typer.Context,
    profile: ProfileOption = HostProfile.CONTAINER_HOST,
    format: Annotated[
        AuditFormat,
        typer.Option(
            "--format", metavar="|".join(AuditFormat), help="How to write the result to standard output."
        ),
    ] = AuditFormat.TEXT,
) -> None:
    """Say for each setting of kernel and engine what holds now, what after a restart, and which line decides.

    \b
    Examples:
      lacre host audit
      lacre host audit --profile dev --format json | jq '.states[] | select(.later == "bad")'
    """
    from lacre.host import work
    from lacre.host.model import Profile
    from lacre.report import host as report

    screen = Screen()
    root, ask = _ground(context)
    found = work.audit(root, Profile(profile.value), ask)
    for text in found.warnings:
        screen.warn(text)
    if format is AuditFormat.JSON:
        screen.result(report.audit_json(found))
    elif format is AuditFormat.SARIF:
        from lacre.report.host_sarif import render

        screen.result(render(found))
    else:
        screen.result(report.audit(found, screen.look))
    raise typer.Exit(FINDINGS if found.findings else 0)


@app.command(short_help="Show what apply would change, and what each change may break here.")
def plan(
    context: typer.Context,
    profile: ProfileOption = HostProfile.CONTAINER_HOST,
    accept: Accept = None,
    skip: Skip = None,
    format: FormatOption = Format.TEXT,
) -> None:
    """Show the changes that apply would make, the risk of each, and who on this host needs what it takes away.

    \b
    Examples:
      lacre host plan
      lacre host plan --profile build-host --skip kernel.io_uring_disabled
    """
    from lacre.host import work
    from lacre.host.model import Profile
    from lacre.report import host as report

    screen = Screen()
    root, ask = _ground(context)
    made = work.planned(root, Profile(profile.value), accept or (), skip or (), ask)
    for text in made.warnings:
        screen.warn(text)
    as_json = format is Format.JSON
    screen.result(report.plan_json(made) if as_json else report.plan(made, screen.look))
    raise typer.Exit(FINDINGS if made.changes else 0)


@app.command(short_help="Make the changes, with a journal.")
def apply(
    context: typer.Context,
    profile: ProfileOption = HostProfile.CONTAINER_HOST,
    accept: Accept = None,
    skip: Skip = None,
    reload_engine: Annotated[
        bool,
        typer.Option(
            "--reload-engine", help="Have dockerd read its file again (SIGHUP); nothing is restarted."
        ),
    ] = False,
    restart_engine: Annotated[
        bool,
        typer.Option(
            "--restart-engine",
            help="Restart dockerd, so that all of its settings are in force; containers stop without live-restore.",
        ),
    ] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Make the changes of the plan, all or none: journal first, verified after; lacre host rollback undoes them.

    \b
    Examples:
      lacre host apply --profile container-host
      lacre host apply --accept kernel.yama.ptrace_scope --restart-engine
    """
    from lacre.host import work
    from lacre.host.model import Profile
    from lacre.report import host as report

    screen = Screen()
    root, ask = _ground(context)
    with interruptible(
        screen.say,
        "interrupted: what was half done is undone; lacre host plan shows what is in force",
        "interrupted: everything goes back to what it was",
    ):
        done = work.applied(
            root,
            Profile(profile.value),
            accept or (),
            skip or (),
            reload_engine=reload_engine,
            restart_engine=restart_engine,
            ask=ask,
        )
    as_json = format is Format.JSON
    screen.result(report.applied_json(done) if as_json else report.applied(done, screen.look))
    raise typer.Exit(0 if done.whole else IN_PART)


@app.command(short_help="Bring back exactly what was there before the first apply.")
def rollback(
    context: typer.Context,
    force: Annotated[
        bool,
        typer.Option("--force", help="Also bring back what somebody else has changed since."),
    ] = False,
    format: FormatOption = Format.TEXT,
) -> None:
    """Bring back every value and file as it was before the first apply, also after a crash in the middle of one.

    \b
    Examples:
      lacre host rollback
    """
    from lacre.host import work
    from lacre.report import host as report

    screen = Screen()
    with interruptible(
        screen.say, "interrupted: run lacre host rollback again, twice does no harm", "interrupted: stopping"
    ):
        done = work.rolled_back(_ground(context)[0], force=force)
    as_json = format is Format.JSON
    screen.result(report.rolled_back_json(done) if as_json else report.rolled_back(done, screen.look))
    raise typer.Exit(IN_PART if done.left else 0)


def _ground(context: typer.Context) -> tuple[Root, AskDaemon | None]:
    """The real root and engine, unless a test handed in a tree of its own, which has no engine."""
    from lacre.host import work
    from lacre.host.files import Root

    return (context.obj, None) if isinstance(context.obj, Root) else (Root(), work.ask_daemon)
