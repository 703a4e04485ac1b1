r"""Nothing that is fetched is run unseen.

`curl … | sh` runs whatever the server sends this time: nobody reads it, no checksum holds it, and half of it runs
when the connection breaks. A script that is saved first and run in the same step is no better, unless something
compares its checksum or signature in between. Over plain HTTP anybody on the way can write it.

Mend: Fetch to a file, compare its checksum, then run it; or use the distribution's package.

Example:

    FROM debian:12.8
    ADD --checksum=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
        https://example.org/i.sh /tmp/i.sh
    RUN sh /tmp/i.sh && rm /tmp/i.sh
"""

import posixpath
from collections.abc import Iterator, Sequence

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.shell import Command
from lacre.audit.model import Finding, Severity, Word

_FETCH = frozenset({"curl", "wget", "fetch", "http", "aria2c"})
_RUN = frozenset(
    {"sh", "bash", "ash", "dash", "zsh", "python", "python3", "perl", "ruby", "node", "php", "source", "."}
)

_COMPARE = frozenset(
    {
        "sha256sum",
        "sha512sum",
        "sha384sum",
        "sha1sum",
        "shasum",
        "md5sum",
        "gpg",
        "gpgv",
        "cosign",
        "minisign",
    }
)


def stage(stage: Stage) -> Iterator[Word]:
    for run in stage.runs:
        for number, command in enumerate(run.commands):
            if command.program not in _FETCH:
                continue
            plain = any(word.startswith("http://") for word in command.arguments)
            substituted = number > 0 and _takes(run.commands[number - 1], command)
            if command.into in _RUN or substituted or _saved_and_run(command, run.commands[number + 1 :]):
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


def _saved_and_run(fetch: Command, after: Sequence[Command]) -> bool:
    """Whether a later command of the step runs the file that `fetch` saves, and none compares a checksum."""
    saved = posixpath.basename(_saved_as(fetch))
    if not saved or any(command.program in _COMPARE for command in after):
        return False
    return any(
        command.program == saved
        or (
            command.program in _RUN
            and saved in map(posixpath.basename, command.arguments[:2])
            and not command.has("-n")  # looks at the grammar alone
        )
        for command in after
    )


def _saved_as(fetch: Command) -> str:
    """The file that curl or wget saves to; empty where it is none, or not told."""
    named = ("-o", "--output") if fetch.program == "curl" else ("-O", "--output-document")
    words = fetch.arguments
    for number, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in named and equals:
            return value
        clustered = word.startswith("-") and not word.startswith("--") and word.endswith(named[0][1])
        if (word in named or clustered) and number + 1 < len(words):
            return words[number + 1].removeprefix("-")
    url = next((word for word in words if "://" in word), "")
    by_address = fetch.program == "wget" or fetch.has("-O", "--remote-name")
    return url.partition("?")[0] if by_address else ""


CHECK = Check(
    id="LC424",
    name="piped-script",
    doc=__doc__,
    severity=Severity.MEDIUM,
    stage=stage,
)
