"""The image has no sudo.

A container that starts as the right user needs no way to become another one. `sudo` is a set-user-id program with a
long history of holes, and mostly comes with a line that asks for no password.

Mend: `USER root` before the lines that need it and the own user after them; `setpriv` or `gosu` in an entry point
that has to start as root.

Example:

    FROM debian:12.8
    USER root
    RUN apt-get update && apt-get install -y --no-install-recommends nginx
    USER 10001
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.packages import installed
from lacre.audit.model import Finding, Severity, Word

_ALLOWED = re.compile(r"NOPASSWD\s*:\s*(?:[A-Z_]+\s*:\s*)*(?P<commands>[^\n'\"|>&;]*)")
"""An entry of sudoers(5), as far as a shell's line shows it."""

_ANYTHING = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "su", "env"})


def stage(stage: Stage) -> Iterator[Word]:
    for run in stage.runs:
        for command in run.commands:
            if command.sudo:
                yield Finding(
                    what=f"sudo runs {command.program or 'a shell'}", place=run.place(command), path="RUN"
                )
            elif "sudo" in set(installed(command)):
                yield Finding(what="sudo is installed", place=run.place(command), path="RUN")
            elif "NOPASSWD" in command.text and "sudoers" in run.instruction.text:
                program = _one_program(command.text)
                yield Finding(
                    what=f"somebody may run {program} as root without a password"
                    if program
                    else "somebody may become root without a password",
                    place=run.place(command),
                    path="RUN",
                    severity=Severity.MEDIUM if program else Severity.HIGH,
                )


def _one_program(text: str) -> str:
    """The first program that may be run without a password, where no entry allows everything."""
    first = ""
    for entry in _ALLOWED.finditer(text):
        commands = [command.strip() for command in entry["commands"].split(",")]
        if not all(_single(command) for command in commands):
            return ""
        first = first or commands[0].split()[0]
    return first


def _single(command: str) -> bool:
    """Whether an entry of sudoers names one program that is not there to run others."""
    program = command.split(maxsplit=1)[0] if command else ""
    return program.startswith("/") and "*" not in program and program.rpartition("/")[2] not in _ANYTHING


CHECK = Check(
    id="LC422",
    name="sudo",
    doc=__doc__,
    severity=Severity.MEDIUM,
    peers=("trivy:10", "dockle:DKL-DI-0001", "checkov:CKV2_DOCKER_1"),
    stage=stage,
)
