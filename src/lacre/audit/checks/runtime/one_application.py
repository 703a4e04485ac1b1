"""A container runs one application.

A supervisor that starts several servers in one container gives all of them the union of what each needs; one that
dies is not seen, one that is broken into has the others beside it.

Mend: One service for each server. Give small helpers of the same application (`init: true`) and nothing more.

Example:

    services:
      web: {image: web:1.4}
      worker: {image: web:1.4, command: ["worker"]}
"""

import re
from collections.abc import Iterator

from lacre.audit import programs
from lacre.audit.check import Check
from lacre.audit.checks.running import several
from lacre.audit.facts.container import Container
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.service import Service
from lacre.audit.facts.shell import commands
from lacre.audit.model import Confidence, Finding, NotApplicable, Severity, Word

_SUPERVISOR = re.compile(
    r"(?:^|[\s/;&|])(?:supervisord|runsvdir|s6-svscan|monit|circusd|systemd|/sbin/init)(?:$|[\s;&|])"
)
_CRON = frozenset({"cron", "crond", "anacron"})
_STARTERS = frozenset({"service", "rc-service", "setsid", "nohup"})
_ASIDE = re.compile(r"(?<![&<>|])&(?![&>\d])")
"""What the shell does not wait for. In quotes it means nothing, but there it hardly stands alone."""


def service(service: Service) -> Iterator[Word]:
    for text in (*service.command, *service.entrypoint):
        what = _several(text.text)
        if what:
            yield Finding(what=what, place=text.place, path=text.path)


def stage(stage: Stage) -> Iterator[Word]:
    if not stage.final:
        yield NotApplicable("it is not the stage that is built")
        return
    for instruction in stage.whole:
        if instruction.keyword in ("CMD", "ENTRYPOINT"):
            what = _several(" ".join(instruction.json or (instruction.text,)))
            if what:
                yield Finding(what=what, place=instruction.place, path=instruction.keyword)


def _several(text: str) -> str:
    found = _SUPERVISOR.search(text)
    if found:
        return f"it starts a supervisor ({found[0].strip(' /;&|')})"
    return "it starts cron beside something else" if _cron_beside(text) else ""


def _cron_beside(text: str) -> bool:
    """Whether cron is started and something else runs on: what comes before cron alone has ended by then."""
    if "cron" not in text:
        return False
    run = commands(text)
    started = [
        number
        for number, command in enumerate(run)
        if command.program in _CRON or (command.program in _STARTERS and _CRON & set(command.arguments[:1]))
    ]
    return bool(started) and (started[0] < len(run) - 1 or bool(_ASIDE.search(text)))


def container(container: Container) -> Iterator[Word]:
    if container.inside is None:
        yield container.untold
        return
    own = programs.started_inside(container.processes)
    known = [(process, found) for process in own if (found := programs.kind(process)) is not None]
    servers = sorted({name for _, (kind, name) in known if kind is programs.Kind.SERVER})
    if len(servers) > 1:
        yield Finding(what=f"it runs several servers: {several(servers)}", path="processes")
    for process, (kind, name) in known:
        if kind is programs.Kind.SERVER:
            continue
        # A clock or a log server that is all there is, is the application itself.
        if kind is programs.Kind.SUPERVISOR or process.pid != own[0].pid:
            yield Finding(what=f"{kind.value} runs in it ({name})", path=f"process {name}")


CHECK = Check(
    id="LC557",
    name="one-application",
    doc=__doc__,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    level=2,
    service=service,
    stage=stage,
    container=container,
)
