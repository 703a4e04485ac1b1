"""`lacre clean`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

from typing import Annotated

import typer

from lacre.cli import options
from lacre.cli.interrupt import interruptible
from lacre.cli.screen import Screen
from lacre.cli.work import work_of


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
    """
    screen = Screen()
    work = work_of(context)
    with interruptible(screen.say, "interrupted: what is left can be removed with lacre clean"):
        engine = work.engine()
        found = work.leftovers(engine) if dry_run else work.clean(engine)
        from lacre.report import leftovers

        if format is options.Format.JSON:
            from lacre.report import jsonout

            screen.result(jsonout.dumps({"version": 1, "removed": not dry_run, "leftovers": found}))
        else:
            screen.result(leftovers.render(found, removed=not dry_run))
