"""The options that several commands share, named as Docker names its own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer


class Format(StrEnum):
    """How a result is written."""

    TEXT = "text"
    JSON = "json"


class Margin(StrEnum):
    """`lacre.seal.model.Margin`, again: importing that one here would make `--help` wait for pydantic."""

    EXACT = "exact"
    NORMAL = "normal"
    WIDE = "wide"


class Seccomp(StrEnum):
    """Where the system call filter comes from."""

    DERIVED = "derived"
    DEFAULT = "default"


HostThing = Literal["socket", "pid", "net", "ipc", "uts"]
"""`lacre.engine.HostThing`, again, for the same reason."""

Target = Annotated[
    str | None,
    typer.Argument(
        metavar="TARGET", help="Image, with run options after `--`; without it, the Compose project."
    ),
]
RunOptions = Annotated[
    list[str] | None,
    typer.Argument(metavar="-- RUN_OPTIONS", help="Options of `docker run` for the image."),
]
Files = Annotated[
    list[Path] | None,
    typer.Option(
        "-f", "--file", metavar="FILE", help="Compose file; repeat it for overrides, as with docker compose."
    ),
]
Profiles = Annotated[
    list[str] | None, typer.Option("--profile", metavar="NAME", help="Compose profile to enable; repeatable.")
]
ProjectName = Annotated[
    str | None, typer.Option("-p", "--project-name", metavar="NAME", help="Name of the Compose project.")
]
ProjectDirectory = Annotated[
    Path | None,
    typer.Option("--project-directory", metavar="DIR", help="Where the project's relative paths start."),
]
Services = Annotated[
    list[str] | None,
    typer.Option(
        "--service", metavar="NAME", help="Only this service (what it depends on still runs); repeatable."
    ),
]
FormatOption = Annotated[
    Format,
    typer.Option("--format", metavar="|".join(Format), help="How to write the result to standard output."),
]
ReadyTimeout = Annotated[
    float,
    typer.Option(
        "--ready-timeout", min=0.1, metavar="SECONDS", help="How long to wait until a twin is ready."
    ),
]
ExerciseTimeout = Annotated[
    float,
    typer.Option("--exercise-timeout", min=0.1, metavar="SECONDS", help="How long one exercise may take."),
]
KeepTwin = Annotated[
    bool,
    typer.Option("--keep-twin", help="Leave the last twin running, to look at it; `lacre clean` removes it."),
]
AllowEgress = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-egress",
        metavar="HOST",
        help="Host that the twin may reach outside, and no other: a name, an address or NETWORK/BITS, "
        "with :PORT for one port; repeatable.",
    ),
]
AllowHost = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="WHAT",
        help="Give the twin what its base takes from the host: socket (the engine's), pid, net, ipc, uts; "
        "comma-separated or repeated.",
    ),
]


def host_access(typed: list[str] | None) -> frozenset[HostThing]:
    """`--allow-host socket,pid --allow-host net` as a set; an unknown word is wrong use."""
    words = {word.strip() for text in typed or [] for word in text.split(",") if word.strip()}
    known: tuple[HostThing, ...] = get_args(HostThing)
    unknown = sorted(words.difference(known))
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: choose from {', '.join(known)}")
    return frozenset(thing for thing in known if thing in words)
