"""`lacre show`."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lacre.cli import options
from lacre.cli.screen import Screen
from lacre.cli.seal_files import LACRE_YAML, seal_path
from lacre.cli.work import work_of
from lacre.errors import UsageError


def show(
    context: typer.Context,
    path: Annotated[
        str, typer.Argument(metavar="SEAL", help="The seal, or the directory that it is in.")
    ] = LACRE_YAML,
    service: Annotated[
        list[str] | None, typer.Argument(metavar="SERVICE", help="Only these services.")
    ] = None,
    format: options.FormatOption = options.Format.TEXT,
) -> None:
    """Show a seal with the evidence behind each grant, what stays refused, and how complete the exercise was.

    \b
    Examples:
      lacre show
      lacre show web                        only this service of ./lacre.yaml
      lacre show sealed/lacre.yaml web db
      lacre show --format json | jq '.services.web.capabilities'
    """
    screen = Screen()
    names = list(service or [])
    if not Path(path).exists() and not path.endswith((".yaml", ".yml")) and "/" not in path:
        path, names = LACRE_YAML, [path, *names]  # a service alone: of the seal that is here
    seal = work_of(context).load_seal(seal_path(Path(path)))
    unknown = [name for name in names if name not in seal.services]
    if unknown:
        raise UsageError(
            f"showing {path}",
            f"it has no service {', '.join(unknown)}",
            f"choose from {', '.join(sorted(seal.services))}",
        )
    names = names or sorted(seal.services)
    if format is options.Format.JSON:
        from lacre.report import jsonout

        chosen = {name: seal.services[name] for name in names}
        screen.result(jsonout.dumps(seal.model_copy(update={"services": chosen})))
    else:
        from lacre.report import evidence

        screen.result(evidence.render(seal, names, screen.look))
