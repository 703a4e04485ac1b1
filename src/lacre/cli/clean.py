"""`lacre clean`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

from typing import Annotated

import typer

from lacre.cli import options
from lacre.cli.interrupt import interruptible
from lacre.cli.screen import Screen
from lacre.cli.work import work_of

FAILED = 1


def clean(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be removed.")] = False,
    format: options.FormatOption = options.Format.TEXT,
) -> None:
    """Remove the twins that a killed run, or --keep-twin, left behind: containers, networks, volumes, images.

    Only what carries lacre's own label is touched, and nothing of a run that still goes on.

    \b
    Examples:
      lacre clean --dry-run
      lacre clean

    \b
    Exit codes: 0 nothing is left; 1 something could not be removed; 2 wrong use or ground.
    """
    screen = Screen()
    work = work_of(context)
    with interruptible(
        screen.say, "interrupted: what is left can be removed with lacre clean", "interrupted: stopping"
    ):
        from lacre.report import jsonout, leftovers

        engine = work.engine()
        as_json = format is options.Format.JSON
        if dry_run:
            found = work.leftovers(engine)
            screen.result(
                jsonout.dumps({"version": 1, "found": found}) if as_json else leftovers.found(found)
            )
            return
        done = work.clean(engine)
        screen.result(
            jsonout.dumps({"version": 1, **jsonout.plain(done)}) if as_json else leftovers.cleaned(done)
        )
    if done.failed:
        raise typer.Exit(FAILED)
