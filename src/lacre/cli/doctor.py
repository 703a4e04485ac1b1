"""`lacre doctor`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import typer

from lacre.cli import options
from lacre.cli.screen import Screen
from lacre.cli.work import work_of

MISSING = 1


def doctor(
    context: typer.Context,
    format: options.FormatOption = options.Format.TEXT,
) -> None:
    """Say what this host and engine can and cannot observe and enforce, why, and what to do about it.

    \b
    Examples:
      lacre doctor
      lacre doctor --format json | jq '.checks[] | select(.state != "yes")'

    \b
    Exit codes: 0 everything that lacre seal needs is there; 1 something is missing.
    """
    screen = Screen()
    checks = work_of(context).examine()
    from lacre.report import ground

    if format is options.Format.JSON:
        from lacre.report import jsonout

        screen.result(jsonout.ground(checks))
    else:
        screen.result(ground.render(checks, screen.look))
    raise typer.Exit(0 if ground.ready(checks) else MISSING)
