"""Certificates are checked.

With the check of certificates off, whoever sits between can answer: the build then runs what he sends, and a
variable that switches it off goes on doing so in production.

Mend: Take the option away. A certificate authority of your own belongs into the image:
`update-ca-certificates`, or the tool's own option for a CA file.

Example:

    FROM debian:12.8
    COPY own-ca.crt /usr/local/share/ca-certificates/own-ca.crt
    RUN update-ca-certificates && curl --fail --silent --show-error --output /opt/a https://example.org/a
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.shell import Command
from lacre.audit.model import Finding, Severity, Word

_OPTIONS = {
    "curl": ("-k", "--insecure", "--proxy-insecure"),
    "wget": ("--no-check-certificate",),
    "pip": ("--trusted-host",),
    "pip3": ("--trusted-host",),
    "pipenv": ("--trusted-host",),
    "uv": ("--allow-insecure-host", "--trusted-host"),
    "http": ("--verify=no",),
    "aria2c": ("--check-certificate=false",),
    "composer": ("--no-secure-http",),
    "helm": ("--insecure-skip-tls-verify",),
    "oc": ("--insecure-skip-tls-verify",),
    "kubectl": ("--insecure-skip-tls-verify",),
    "svn": ("--trust-server-cert",),
    "conda": ("--insecure", "-k"),
}
"""Options that switch the check off, by program."""

_VARIABLES = {
    "NODE_TLS_REJECT_UNAUTHORIZED": ("0",),
    "PYTHONHTTPSVERIFY": ("0",),
    "GIT_SSL_NO_VERIFY": ("1", "true", "yes", "on"),
    "NPM_CONFIG_STRICT_SSL": ("false", "0"),
    "npm_config_strict_ssl": ("false", "0"),
    "YARN_STRICT_SSL": ("false",),
    "CURL_INSECURE": ("1", "true"),
    "CONDA_SSL_VERIFY": ("false", "0", "no"),
    "HTTPLIB2_DISABLE_SSL_CERTIFICATE_VALIDATION": ("1", "true"),
    "BUNDLE_SSL_VERIFY_MODE": ("0",),
    "REQUESTS_VERIFY": ("false", "0"),
}
"""Variables that switch the check off, with the values that do."""

_NOT_EMPTY = frozenset({"PIP_TRUSTED_HOST", "GOINSECURE", "UV_INSECURE_HOST"})
"""Variables that name hosts whose certificates are not checked."""

_TEXT = re.compile(
    r"\bstrict-ssl[= ]+\"?false|\bhttp\.sslverify[= ]+\"?(?:false|0|no)|\bsslverify\s*=\s*(?:false|0|no)\b|"
    r"\bssl_verify[: =]+\"?(?:false|no)|\benableStrictSsl:?\s+false|Verify-Peer\s+\"?false|\btrusted-host\s*=",
    re.IGNORECASE,
)

_FETCHERS = frozenset({"curl", "wget", "aria2c"})
_SUMS = frozenset({"sha256sum", "sha384sum", "sha512sum", "shasum"})
_SUM = re.compile(r"\b[0-9a-fA-F]{64,128}\b")


def stage(stage: Stage) -> Iterator[Word]:
    for assignment in stage.assignments:
        what = _variable(assignment.name, assignment.value or "")
        if what:
            yield Finding(
                what=f"{what}: certificates are not checked",
                place=assignment.place,
                path=f"{assignment.keyword} {assignment.name}",
            )
    for run in stage.runs:
        # What is held against a sum of the file itself is what was meant, whoever sent it.
        summed = any(command.into in _SUMS and _SUM.search(command.text) for command in run.commands)
        for command in run.commands:
            what = _command(command)
            if what:
                yield Finding(
                    what=f"{what}: certificates are not checked",
                    place=run.place(command),
                    path="RUN",
                    severity=Severity.LOW if summed and command.program in _FETCHERS else None,
                )


def _variable(name: str, value: str) -> str:
    plain = value.strip().strip("\"'")
    if plain.lower() in _VARIABLES.get(name, ()) or (name in _NOT_EMPTY and plain):
        return f"{name}={plain[:40]}"
    return ""


def _command(command: Command) -> str:
    for word in (*command.assigned, *(command.arguments if command.program == "export" else ())):
        name, _, value = word.partition("=")
        what = _variable(name, value)
        if what:
            return what
    program = command.program
    if re.fullmatch(r"pip[\d.]*", program) or (program.startswith("python") and "pip" in command.arguments):
        program = "pip"
    for option in _OPTIONS.get(program, ()):
        if command.has(option) or option in command.arguments:
            return f"{program} {option}"
    found = _TEXT.search(" ".join(command.words))
    return found[0] if found else ""


CHECK = Check(
    id="LC423",
    name="tls",
    doc=__doc__,
    severity=Severity.HIGH,
    peers=(
        "checkov:CKV2_DOCKER_2",
        "checkov:CKV2_DOCKER_4",
        "checkov:CKV2_DOCKER_5",
        "checkov:CKV2_DOCKER_6",
        "checkov:CKV2_DOCKER_12",
        "checkov:CKV2_DOCKER_13",
        "checkov:CKV2_DOCKER_14",
        "checkov:CKV2_DOCKER_15",
        "checkov:CKV2_DOCKER_16",
    ),
    stage=stage,
)
