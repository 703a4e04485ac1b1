"""Checks asked about subjects: the one place that calls them, and makes answers of what they yield."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from lacre.audit.model import (
    Answer,
    Finding,
    Found,
    NotApplicable,
    Place,
    Scope,
    Subject,
    Unknown,
    Verdict,
    Word,
)

if TYPE_CHECKING:
    from lacre.audit.check import Check
    from lacre.audit.facts.container import Container
    from lacre.audit.facts.daemon import Daemon
    from lacre.audit.facts.dockerfile import Stage
    from lacre.audit.facts.host import Host
    from lacre.audit.facts.image import Image
    from lacre.audit.facts.service import Service
    from lacre.audit.facts.swarm import Swarm

_Fact = TypeVar("_Fact")


def of_service(service: Service, checks: Iterable[Check]) -> Iterator[Answer]:
    """What the checks say of a service."""
    subject = Subject(Scope.SERVICE, service.name, service.file, service.at)
    return _asked(subject, service, ((check, check.service) for check in checks))


def of_stage(stage: Stage, checks: Iterable[Check]) -> Iterator[Answer]:
    """What the checks say of a stage."""
    subject = Subject(Scope.STAGE, stage.name, stage.file, stage.at)
    return _asked(subject, stage, ((check, check.stage) for check in checks))


def of_container(container: Container, checks: Iterable[Check]) -> Iterator[Answer]:
    """What the checks say of a container."""
    subject = Subject(Scope.CONTAINER, container.name)
    return _asked(subject, container, ((check, check.container) for check in checks))


def of_image(image: Image, checks: Iterable[Check]) -> Iterator[Answer]:
    """What the checks say of an image."""
    subject = Subject(Scope.IMAGE, image.name)
    return _asked(subject, image, ((check, check.image) for check in checks))


def of_daemon(daemon: Daemon, checks: Iterable[Check]) -> Iterator[Answer]:
    """What the checks say of the engine."""
    subject = Subject(Scope.DAEMON, daemon.name)
    return _asked(subject, daemon, ((check, check.daemon) for check in checks))


def of_host(host: Host, checks: Iterable[Check]) -> Iterator[Answer]:
    """What the checks say of the host."""
    subject = Subject(Scope.HOST, host.name)
    return _asked(subject, host, ((check, check.host) for check in checks), host.excuse)


def of_swarm(swarm: Swarm, checks: Iterable[Check]) -> Iterator[Answer]:
    """What the checks say of the swarm; where there is none, "not applicable", which is never a pass."""
    subject = Subject(Scope.SWARM, swarm.name)
    return _asked(subject, swarm, ((check, check.swarm) for check in checks), swarm.excuse)


def _asked(
    subject: Subject,
    fact: _Fact,
    asked: Iterable[tuple[Check, Callable[[_Fact], Iterator[Word]] | None]],
    excuse: Word | None = None,
) -> Iterator[Answer]:
    """An answer from each check that has a function for this kind of fact; `excuse` answers in all their places."""
    for check, function in asked:
        if function is not None:
            yield answer(check, subject, function(fact) if excuse is None else (excuse,))


def answer(check: Check, subject: Subject, words: Iterable[Word]) -> Answer:
    """One of the four answers: a fault outweighs what could not be told, that outweighs "not applicable"."""
    findings: dict[tuple[str, str, Place | None], Found] = {}
    unknown = not_applicable = ""
    for word in words:
        match word:
            case Finding():
                findings.setdefault((word.what, word.path, word.place), _found(check, subject, word))
            case Unknown():
                unknown = unknown or word.why
            case NotApplicable():
                not_applicable = not_applicable or word.why
    if findings:
        return Answer(check.id, subject, Verdict.FAILS, "", tuple(findings.values()))
    if unknown:
        return Answer(check.id, subject, Verdict.UNKNOWN, unknown)
    if not_applicable:
        return Answer(check.id, subject, Verdict.NOT_APPLICABLE, not_applicable)
    return Answer(check.id, subject, Verdict.PASSES)


def _found(check: Check, subject: Subject, finding: Finding) -> Found:
    # Lines are no part of it: what is added above must not make an old finding new.
    print_of = "\0".join((check.id, subject.scope, subject.name, subject.file, finding.what))
    return Found(
        check=check.id,
        subject=subject,
        what=finding.what,
        place=finding.place,
        path=finding.path,
        severity=finding.severity or check.severity,
        confidence=finding.confidence or check.confidence,
        mend=finding.mend or check.mend,
        do=finding.do,
        edit=finding.edit,
        fingerprint=hashlib.sha256(print_of.encode("utf-8", "surrogatepass")).hexdigest()[:32],
    )
