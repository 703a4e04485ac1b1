"""No secret becomes part of the image.

What ENV, ARG, COPY or RUN bring in stays in a layer or in the history of the image, whatever a later line removes.
Everybody who can pull the image has it.

Mend: `RUN --mount=type=secret,id=NAME` shows a secret to one command and leaves nothing behind. What runs later
gets its secrets when it runs. Change the secret that stood here.

Example:

    FROM debian:12.8
    RUN --mount=type=secret,id=token,env=TOKEN fetch-packages
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.running import secrets_of
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.facts.shell import Command
from lacre.audit.model import Confidence, Finding, Severity, Unknown, Word
from lacre.audit.secrets import Looks, has_form, looks_like, named_like_secret, password_in_url

_FILES = re.compile(
    r"(?:^|/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|\.env(?:\.(?!example|sample|template|dist)\w+)?|\.netrc|\.npmrc|\.pypirc|\.pgpass|\.htpasswd|"
    r"\.git-credentials|\.my\.cnf|kubeconfig|\.aws(?:/credentials)?|\.ssh|\.docker/config\.json|\.kube(?:/config)?|"
    r"[\w.-]*credentials?\.json|service[-_]?account[\w-]*\.json|[\w.-]+\.(?:key|p12|pfx|jks|keystore|kdbx|ppk))/?$",
    re.IGNORECASE,
)


def stage(stage: Stage) -> Iterator[Word]:
    for assignment in stage.assignments:
        value = assignment.value
        if value is None:
            if named_like_secret(assignment.name):
                yield Finding(
                    what=f"the build argument {assignment.name} stays in the image's history",
                    place=assignment.place,
                    path=f"ARG {assignment.name}",
                    severity=Severity.MEDIUM,
                )
            continue
        looks = looks_like(value) if named_like_secret(assignment.name) else Looks.NOTHING
        if has_form(value) or looks is Looks.SECRET or password_in_url(value):
            yield Finding(
                what=f"the value of {assignment.name} is written out",
                place=assignment.place,
                path=f"{assignment.keyword} {assignment.name}",
            )
        elif looks is Looks.PLACEHOLDER:
            yield Finding(
                what=f"{assignment.name} has a value that everybody can guess",
                place=assignment.place,
                path=f"{assignment.keyword} {assignment.name}",
                confidence=Confidence.LOW,
            )
    for instruction in stage.instructions:
        if instruction.keyword in ("COPY", "ADD") and instruction.flag("from") is None:
            words = instruction.json or tuple(instruction.text.split())
            for source in words[:-1]:
                if _FILES.search(source):
                    yield Finding(
                        what=f"{source} is copied into it", place=instruction.place, path=instruction.keyword
                    )
    for run in stage.runs:
        for command in run.commands:
            if _carries(command):
                yield Finding(
                    what="a secret is written out in a command", place=run.place(command), path="RUN"
                )


def _carries(command: Command) -> bool:
    if has_form(command.text) or password_in_url(command.text):
        return True
    assigned = [*command.assigned, *(command.arguments if command.program in ("export", "ENV") else ())]
    for word in assigned:
        name, equals, value = word.partition("=")
        if equals and named_like_secret(name) and looks_like(value) is Looks.SECRET and "$" not in value:
            return True
    pairs = list(zip(command.arguments, command.arguments[1:], strict=False))
    if command.program in ("curl", "wget"):
        return any(before in ("-u", "--user") and ":" in word and "$" not in word for before, word in pairs)
    if "login" in command.arguments[:2]:  # docker login, helm registry login
        return any(before in ("-p", "--password") and "$" not in word for before, word in pairs)
    return False


def image(image: Image) -> Iterator[Word]:
    yield from secrets_of(image.environment, "its environment")
    yield from secrets_of(image.labels, "its labels")
    for name, value in (*image.environment, *image.labels):
        if password_in_url(value):
            yield Finding(what=f"{name} holds a URL with its password", path=f"variable {name}")
    for number, line in enumerate(reversed(image.history), 1):
        if what := _in_history(line):
            yield Finding(what=f"{what} stands in its history, layer {number}", path=f"history {number}")
    for key in image.contents.keys if image.contents is not None else ():
        yield Finding(
            what=f"it holds {key}, which is a credential by its name",
            path=f"file {key}",
            confidence=Confidence.MEDIUM,
        )
    for key in image.contents.buried if image.contents is not None else ():
        yield Finding(
            what=f"an earlier layer holds {key}, which a later one only hides",
            path=f"file {key}",
            confidence=Confidence.MEDIUM,
        )
    if image.contents is None:
        yield image.untold
    elif not image.contents.layers_read:
        yield Unknown("its layers could not be unpacked, and a later one may hide what an earlier one holds")


def _in_history(line: str) -> str:
    """What kind of secret a line of the history holds; the builder writes arguments as `|2 NAME=value … /bin/sh -c`."""
    if has_form(line) or password_in_url(line):
        return "a secret"
    if line.startswith("ENV ") or "#(nop)  ENV " in line:
        return ""  # it is in the environment, which has its own finding
    for found in _ASSIGNED.finditer(line):
        name, value = found["name"], found["value"].strip("\"'")
        if named_like_secret(name) and "$" not in value and looks_like(value) is Looks.SECRET:
            return f"the value of {name}"
    return ""


_ASSIGNED = re.compile(
    r"(?:^|[\s;&|])(?:--build-arg[ =])?(?P<name>[A-Za-z_][A-Za-z0-9_]{2,60})=(?P<value>\"[^\"]*\"|'[^']*'|[^\s;&|]+)"
)


CHECK = Check(
    id="LC410",
    name="build-secret",
    doc=__doc__,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    cis="4.10",
    peers=("trivy:31", "dockle:CIS-DI-0010", "dockerfile-hardener:DH006", "docker-bench:4.10"),
    stage=stage,
    image=image,
)
