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

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.packages import installed
from lacre.audit.model import Finding, Severity, Word


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
                yield Finding(
                    what="somebody may become root without a password",
                    place=run.place(command),
                    path="RUN",
                    severity=Severity.HIGH,
                )


CHECK = Check(
    id="LC422",
    name="sudo",
    doc=__doc__,
    severity=Severity.MEDIUM,
    peers=("trivy:10", "dockle:DKL-DI-0001", "checkov:CKV2_DOCKER_1"),
    stage=stage,
)
