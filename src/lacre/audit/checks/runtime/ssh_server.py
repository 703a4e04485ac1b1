"""No SSH server runs in a container.

It is a second way in beside the application, with keys, accounts and a log of its own, that nobody looks at; and a
second program in a container that is meant for one. `docker exec` does all that it is used for.

Mend: Take it away. Use `docker exec`, or the host's own SSH server.

Example:

    services:
      web:
        command: ["web", "--port", "8080"]   # the application, and nothing beside it
"""

import re
from collections.abc import Iterator

from lacre.audit import programs
from lacre.audit.check import Check
from lacre.audit.facts.container import Container
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.service import Service
from lacre.audit.model import Confidence, Finding, NotApplicable, Severity, Word

_SSHD = re.compile(r"(?:^|[\s/;&|])(?:sshd|dropbear)(?:$|[\s;&|])")
_PACKAGES = frozenset({"openssh-server", "dropbear", "openssh-sftp-server", "openssh"})


def service(service: Service) -> Iterator[Word]:
    for text in (*service.command, *service.entrypoint):
        if _SSHD.search(text.text):
            yield Finding(what="it runs an SSH server", place=text.place, path=text.path)
    for port in service.ports:
        if port.target == "22":
            yield Finding(
                what="it publishes port 22 of the container",
                place=port.place,
                path=port.path,
                confidence=Confidence.MEDIUM,
            )


def stage(stage: Stage) -> Iterator[Word]:
    if not stage.final:
        yield NotApplicable("it is not the stage that is built")
        return
    for instruction in stage.whole:
        ports = [word.partition("/")[0] for word in instruction.text.split()]
        if instruction.keyword == "EXPOSE" and "22" in ports:
            yield Finding(
                what="it exposes port 22",
                place=instruction.place,
                path="EXPOSE",
                confidence=Confidence.MEDIUM,
            )
        if instruction.keyword in ("CMD", "ENTRYPOINT") and _SSHD.search(
            " ".join(instruction.json or (instruction.text,))
        ):
            yield Finding(what="it runs an SSH server", place=instruction.place, path=instruction.keyword)
    for run in stage.runs:
        for command in run.commands:
            found = _PACKAGES.intersection(word.partition("=")[0] for word in command.arguments)
            if found and {"install", "add"} & set(command.arguments):
                yield Finding(what=f"{sorted(found)[0]} is installed", place=run.place(command), path="RUN")


def container(container: Container) -> Iterator[Word]:
    if container.inside is None:
        yield container.untold
    for process in container.processes:
        if (found := programs.kind(process)) is not None and found[0] is programs.Kind.SSH:
            yield Finding(what=f"it runs an SSH server ({found[1]})", path="processes")
    for port in container.ports:
        if port.target == "22":
            yield Finding(what="it publishes its port 22", path="port 22", confidence=Confidence.MEDIUM)


CHECK = Check(
    id="LC507",
    name="ssh-server",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="5.7",
    peers=("trivy:04", "checkov:CKV_DOCKER_1", "docker-bench:5.7"),
    service=service,
    stage=stage,
    container=container,
)
