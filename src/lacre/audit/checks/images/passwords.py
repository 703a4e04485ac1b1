"""No account of the image has a password.

A password in a build is in the image's history, the same in every copy, and known to all who can pull it; an empty
one is worse. Nobody logs into a container.

Mend: Take the line away. Accounts without a password cannot be logged into; that is what is wanted.

Example:

    FROM debian:12.8
    RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin app
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.facts.shell import Command
from lacre.audit.model import Finding, Severity, Word

_ACCOUNTS = frozenset({"useradd", "usermod", "adduser"})


def stage(stage: Stage) -> Iterator[Word]:
    for run in stage.runs:
        for command in run.commands:
            what = _sets(command)
            if what:
                yield Finding(what=what, place=run.place(command), path="RUN")


def _sets(command: Command) -> str:
    if command.program == "chpasswd" or command.into == "chpasswd":
        return "an account gets a password" if command.program == "chpasswd" else ""
    if command.into == "passwd" or (command.program == "passwd" and command.has("--stdin")):
        return "an account gets a password"
    if command.program == "passwd" and command.has("-d", "--delete"):
        return "an account's password is made empty"
    if command.program in _ACCOUNTS and any(
        w == "-p" or w.startswith("--password") for w in command.arguments
    ):
        return "an account gets a password"
    return ""


def image(image: Image) -> Iterator[Word]:
    if image.contents is None:
        yield image.untold
    for name in image.contents.empty_passwords if image.contents is not None else ():
        yield Finding(what=f"the account {name} has an empty password", path=f"account {name}")


CHECK = Check(
    id="LC425",
    name="passwords",
    doc=__doc__,
    severity=Severity.HIGH,
    peers=("checkov:CKV2_DOCKER_17", "dockle:DKL-LI-0001"),
    stage=stage,
    image=image,
)
