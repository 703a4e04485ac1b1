"""The system call filter is on.

Docker's default filter refuses some forty system calls that containers have no use for and exploits do: new kernel
interfaces, keyrings, tracing, loading of code. `seccomp=unconfined` opens all of them.

Mend: Take the option away; give a profile instead that allows the one call that is missing. `lacre seal` writes
such a profile from what the application really calls.

Example:

    services:
      web:
        security_opt: ["seccomp=seccomp/web.json"]
"""

import json
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import options
from lacre.audit.checks.running import called, security_options
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    for name, value, text in options(service.security_opt):
        if name != "seccomp":
            continue
        if not text.known:
            yield Unknown(text.why_unknown)
        elif value.lower() == "unconfined":
            yield Finding(what="the system call filter is off", place=text.place, path=text.path)


def container(container: Container) -> Iterator[Word]:
    profiles = [profile for name, profile in security_options(container) if name == "seccomp"]
    free = [process for process in container.processes if not process.seccomp]
    if free:
        yield Finding(what=f"no system call filter is in force on {called(free)}", path="seccomp")
    elif any(map(_refuses_nothing, profiles)) or (container.privileged and container.inside is None):
        # A program may filter itself all the same; the next one in the container need not.
        yield Finding(what="the system call filter is off", path="seccomp")
    elif container.inside is None:
        yield container.untold


def _refuses_nothing(profile: str) -> bool:
    """Whether a profile, as the engine was given it, lets everything through."""
    try:
        said = json.loads(profile)
    except ValueError:
        return profile == "unconfined"
    allows = isinstance(said, dict) and said.get("defaultAction") == "SCMP_ACT_ALLOW"
    return allows and not said.get("syscalls")


CHECK = Check(
    id="LC522",
    name="seccomp",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.22",
    peers=(
        "compose-lint:0009",
        "compose-harden:seccomp_disabled",
        "semgrep:seccomp-confinement-disabled",
        "DockSec:disabled security-opt",
        "docker-bench:5.22",
    ),
    service=service,
    container=container,
)
