"""AppArmor's profile is not switched off.

Where AppArmor is on, Docker's profile keeps containers from mounting, from writing to `/proc` and `/sys`, and from
tracing each other. `apparmor=unconfined` takes that away; so does `systempaths=unconfined` for the masked files of
`/proc`.

Mend: Take the option away, or name a profile made for this program.

Example:

    services:
      web:
        security_opt: ["no-new-privileges:true"]   # and no apparmor=unconfined
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.common import options
from lacre.audit.checks.running import UNREADABLE, called, security_options
from lacre.audit.facts.container import Container
from lacre.audit.facts.service import Service
from lacre.audit.model import Finding, Mend, NotApplicable, Severity, Unknown, Word

_WHAT = {
    "apparmor": "AppArmor's profile is off",
    "systempaths": "the masked files of /proc and /sys are open",
    "unmask": "masked files of /proc and /sys are open",
}


def service(service: Service) -> Iterator[Word]:
    for name, value, text in options(service.security_opt):
        if name not in _WHAT:
            continue
        if not text.known:
            yield Unknown(text.why_unknown)
        elif value.lower() == "unconfined" or name == "unmask":
            yield Finding(what=_WHAT[name], place=text.place, path=text.path)


def container(container: Container) -> Iterator[Word]:
    if container.open_paths:
        yield Finding(what=_WHAT["systempaths"], path="security_opt systempaths")
    if not container.around.apparmor:
        yield NotApplicable("AppArmor is not on, or the engine does not use it")
    elif container.inside is None:
        if ("apparmor", "unconfined") in security_options(container):
            yield Finding(what=_WHAT["apparmor"], path="security_opt apparmor")
        else:
            yield container.untold
    elif any(process.apparmor is None for process in container.processes):
        yield Unknown(UNREADABLE)
    elif free := [process for process in container.processes if not process.apparmor]:
        yield Finding(what=f"no profile of AppArmor is in force on {called(free)}", path="apparmor")


CHECK = Check(
    id="LC502",
    name="apparmor",
    doc=__doc__,
    severity=Severity.HIGH,
    mend=Mend.PROOF,
    cis="5.2",
    peers=("compose-lint:0009", "DockSec:disabled security-opt", "docker-bench:5.2"),
    service=service,
    container=container,
)
