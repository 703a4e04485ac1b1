"""No process can gain privileges.

With `no-new-privileges` the kernel ignores set-user-id bits and file capabilities: an intruder who is not root
cannot become it by `su`, `sudo`, or a forgotten set-uid program of the image.

Mend: Add `security_opt: [no-new-privileges:true]`. Only programs that change their user through a set-uid file
break; `lacre seal` says whether this one does.

Example:

    services:
      web:
        image: web:1.4
        security_opt: ["no-new-privileges:true"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import options
from lacre.audit.checks.running import called
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, Severity, Unknown, Word


def service(service: Service) -> Iterator[Word]:
    for name, value, text in options(service.security_opt):
        if name != "no-new-privileges":
            continue
        if not text.known:
            yield Unknown(text.why_unknown)
        elif value.lower() in ("false", "0", "f"):
            yield Finding(what="no-new-privileges is off", place=text.place, path=text.path)
        return
    yield service.excuse or Finding(
        what="its processes can gain privileges through set-uid programs",
        place=service.at,
        path="security_opt",
    )


def container(container: Container) -> Iterator[Word]:
    if container.inside is not None:
        free = [process for process in container.processes if not process.no_new_privileges]
        if free:
            yield Finding(
                what=f"{called(free)} can gain privileges through set-uid programs", path="no_new_privileges"
            )
    elif not any(
        option.replace(":", "=") in ("no-new-privileges", "no-new-privileges=true")
        for option in container.security_opt
    ):
        yield Finding(
            what="its processes can gain privileges through set-uid programs", path="no_new_privileges"
        )
    elif container.running:
        yield container.untold


CHECK = Check(
    id="LC526",
    name="no-new-privileges",
    doc=__doc__,
    severity=Severity.MEDIUM,
    mend=Mend.PROOF,
    cis="5.26",
    peers=(
        "compose-lint:0003",
        "compose-harden:no_new_privileges",
        "semgrep:no-new-privileges",
        "DockSec:nnp",
        "docker-bench:5.26",
    ),
    aside=True,
    service=service,
    container=container,
)
