"""The audit of a machine: facts collected once, each subject asked once, what is missing named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lacre.audit.check import Check
from lacre.audit.collect import Machine
from lacre.audit.hiding import Hiding
from lacre.audit.model import Answer, FileResult, FileState, Report
from lacre.audit.run import of_container, of_daemon, of_host, of_image, of_swarm


def audit_machine(machine: Machine, checks: Iterable[Check], hiding: Hiding) -> Report:
    """The report on facts."""
    asked = tuple(checks)
    answers = [hiding.over(answer) for answer in _answers(machine, asked)]
    missing = tuple(
        FileResult(path=one.name, kind=one.kind, state=FileState.UNTESTABLE, why=one.why, named=one.named)
        for one in machine.missing
    )
    return Report(missing, tuple(answers), tuple(hiding.warnings))


def _answers(machine: Machine, checks: tuple[Check, ...]) -> Iterator[Answer]:
    for container in machine.containers:
        yield from of_container(container, checks)
    for image in machine.images:
        yield from of_image(image, checks)
    if machine.daemon is not None:
        yield from of_daemon(machine.daemon, checks)
    if machine.host is not None:
        yield from of_host(machine.host, checks)
    if machine.swarm is not None:
        yield from of_swarm(machine.swarm, checks)
