"""No two accounts are the same user.

An account with the number of another one, 0 above all, is that other one under another name: nobody who reads the
USER line sees it.

Mend: Take `-o` (`--non-unique`) away and give a number of its own.

Example:

    FROM debian:12.8
    RUN useradd --uid 10001 --no-create-home app
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.model import Finding, Severity, Word

_ACCOUNTS = frozenset({"useradd", "usermod", "groupadd", "groupmod"})


def stage(stage: Stage) -> Iterator[Word]:
    for run in stage.runs:
        for command in run.commands:
            if command.program not in _ACCOUNTS and command.program not in ("adduser", "addgroup"):
                continue
            if command.program in _ACCOUNTS and command.has("-o", "--non-unique"):
                yield Finding(
                    what=f"{command.program} gives a number that another account has",
                    place=run.place(command),
                    path="RUN",
                )
                continue
            for before, word in zip(command.arguments, command.arguments[1:], strict=False):
                if before in ("-u", "--uid") and word == "0":
                    yield Finding(
                        what="an account gets the number of root", place=run.place(command), path="RUN"
                    )


def image(image: Image) -> Iterator[Word]:
    if image.contents is None:
        yield image.untold
    for pair in image.contents.same_ids if image.contents is not None else ():
        yield Finding(what=f"{pair} are the same user", path=f"accounts {pair}")


CHECK = Check(
    id="LC427",
    name="unique-ids",
    doc=__doc__,
    severity=Severity.MEDIUM,
    peers=("dockle:DKL-LI-0002",),
    stage=stage,
    image=image,
)
