r"""Signatures of packages are checked.

A package manager runs what it installs as root. With its signature check off, whoever sits between, or owns one
mirror, writes that.

Mend: Take the option away, and add the repository's key: `signed-by=` in a Debian source, `gpgkey=` in a
Fedora one, `/etc/apk/keys` on Alpine.

Example:

    FROM debian:12.8
    COPY vendor.asc /etc/apt/keyrings/vendor.asc
    RUN echo 'deb [signed-by=/etc/apt/keyrings/vendor.asc] https://deb.example.org stable main' \
        > /etc/apt/sources.list.d/vendor.list
"""

import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.shell import Command
from lacre.audit.model import Finding, Severity, Word

_OPTIONS = {
    "apt-get": ("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"),
    "apt": ("--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"),
    "aptitude": ("--allow-untrusted",),
    "apk": ("--allow-untrusted",),
    "yum": ("--nogpgcheck", "--no-gpg-checks"),
    "dnf": ("--nogpgcheck", "--no-gpgchecks"),
    "microdnf": ("--nogpgcheck",),
    "tdnf": ("--nogpgcheck",),
    "zypper": ("--no-gpg-checks", "--allow-unsigned-rpm"),
    "rpm": ("--nosignature", "--nodigest", "--noverify"),
    "dpkg": ("--force-bad-verify",),
}
_TEXT = re.compile(
    r"\[[^\]]*\b(?:trusted|allow-insecure)=yes[^\]]*\]|(?i:AllowUnauthenticated\S*\s*[=\"' ]+\s*(?:true|1|yes))|"
    r"^\s*gpgcheck\s*=\s*0|\bgpgcheck=0|SigLevel\s*=\s*Never|APT::Get::AllowUnauthenticated=(?:1|true|yes)",
    re.MULTILINE,
)


def stage(stage: Stage) -> Iterator[Word]:
    for run in stage.runs:
        for command in run.commands:
            what = _off(command)
            if what:
                yield Finding(
                    what=f"signatures are not checked ({what})", place=run.place(command), path="RUN"
                )


def _off(command: Command) -> str:
    for option in _OPTIONS.get(command.program, ()):
        if command.has(option):
            return f"{command.program} {option}"
    found = _TEXT.search(command.text)
    return found[0].strip() if found else ""


CHECK = Check(
    id="LC411",
    name="package-signatures",
    doc=__doc__,
    severity=Severity.HIGH,
    cis="4.11",
    peers=(
        "dockle:CIS-DI-0011",
        "checkov:CKV2_DOCKER_7",
        "checkov:CKV2_DOCKER_8",
        "checkov:CKV2_DOCKER_9",
        "checkov:CKV2_DOCKER_10",
        "checkov:CKV2_DOCKER_11",
        "docker-bench:4.11",
    ),
    stage=stage,
)
