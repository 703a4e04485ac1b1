"""The commands, in the order in which `lacre --help` names them."""

from __future__ import annotations

from typing import Annotated

import typer

from lacre import __version__
from lacre.cli import attack, audit, clean, doctor, host, seal, show, verify

app = typer.Typer(
    name="lacre",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: rich's costs 190 ms at every start
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

app.command(short_help="Observe, derive, prove and write the seal of a project or an image.")(seal.seal)
app.command(short_help="Show a seal with the evidence behind each grant.")(show.show)
app.command(short_help="Prove a seal again, and tell what has changed since.")(verify.verify)
app.command(short_help="Audit this machine, its containers, or files.")(audit.audit)
app.command(short_help="Try harmless attacks on a twin: as it is, and under its seal.")(attack.attack)
app.add_typer(host.app, name="host", short_help="Harden the kernel and the engine, with a way back.")
app.command(short_help="Say what this host and engine can observe and enforce.")(doctor.doctor)
app.command(short_help="Remove what a killed run left behind.")(clean.clean)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lacre {__version__}")
        raise typer.Exit


@app.callback()
def lacre(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Seal containers: observe what each one does, derive the least it needs, prove it, write it down.

    \b
    First steps:
      lacre doctor                                    can this host do it?
      lacre seal -f compose.yaml --exercise 'sh smoke.sh'
      lacre show                                      the seal and the evidence for it
    """
    del version  # its callback has already answered
