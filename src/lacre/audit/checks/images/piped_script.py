r"""Nothing that is fetched is run unseen.

`curl … | sh` runs whatever the server sends this time: nobody reads it, no checksum holds it, and half of it runs
when the connection breaks. Over plain HTTP anybody on the way can write it.

Mend: Fetch to a file, compare its checksum, then run it; or use the distribution's package.

Example:

    FROM debian:12.8
    ADD --checksum=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
        https://example.org/i.sh /tmp/i.sh
    RUN sh /tmp/i.sh && rm /tmp/i.sh
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.shell import Command
from lacre.audit.model import Finding, Severity, Word

_FETCH = frozenset({"curl", "wget", "fetch", "http", "aria2c"})
_RUN = frozenset(
    {"sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "ruby", "node", "php", "source", "."}
)


def stage(stage: Stage) -> Iterator[Word]:
    for run in stage.runs:
        for number, command in enumerate(run.commands):
            if command.program not in _FETCH:
                continue
            plain = any(word.startswith("http://") for word in command.arguments)
            substituted = number > 0 and _takes(run.commands[number - 1], command)
            if command.into in _RUN or substituted:
                yield Finding(
                    what=f"what {command.program} fetches{' over plain HTTP' if plain else ''} is run unseen",
                    place=run.place(command),
                    path="RUN",
                    severity=Severity.HIGH if plain else None,
                )


def _takes(before: Command, command: Command) -> bool:
    """Whether `before` is `sh -c "$(curl …` or `bash <(curl …`, and runs what `command` fetches."""
    inside = before.begin <= command.begin and command.end <= before.end and before is not command
    return before.program in _RUN and (inside or before.words[-1:] in (("-c",), ("<",)))


CHECK = Check(
    id="LC424",
    name="piped-script",
    doc=__doc__,
    severity=Severity.MEDIUM,
    stage=stage,
)
