"""From a run of a sealed twin to an outcome: what counts as a refusal, measured against the baseline."""

from __future__ import annotations

import errno
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from lacre import seccomp
from lacre.observe import FailureKind, Run
from lacre.observe.model import EPHEMERAL_PORTS, WORK
from lacre.seal.controls.filesystem import OVERRIDING
from lacre.seal.controls.limits import RAISING
from lacre.seal.directories import is_byte_code
from lacre.seal.model import ServiceSeal
from lacre.seal.prove import Outcome, ServiceOutcome
from lacre.sensor import (
    AnyFact,
    CapabilityAsked,
    Executed,
    Identity,
    Peer,
    Refusal,
    RefusedBecause,
    SocketMade,
    Write,
)

# Calls that change only attributes: on a read-only root they fail even where they would change nothing, and
# most programs go on. They count when a phase fails.
ATTRIBUTES = frozenset({
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "utime", "utimes",
    "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
    "fremovexattr",
})  # fmt: skip

_OF_PATHS = frozenset({RefusedBecause.READ_ONLY, RefusedBecause.PERMISSION})


def judge(run: Run, baseline: Run, seals: Mapping[str, ServiceSeal]) -> Outcome:
    """How a trial went, service by service."""
    failures = {failure.service: failure for failure in run.failures}
    services = {}
    for name, seal in seals.items():
        failure, facts = failures.get(name), run.facts.get(name, frozenset())
        known = _borne(baseline, name)
        refusals: list[Refusal] = []
        questions: list[Refusal] = []
        for seen in run.refusals(name):
            refusal = _as_ownership(seen, seal)
            if _key(refusal) in known:
                continue
            counts = (
                _becomes_another(refusal, seal, baseline, name)
                or _is_complained_of(refusal, run, name)
                or _was_made(refusal, baseline, name)
            )
            asked = is_question(refusal, seal) and not counts
            (questions if asked else refusals).append(refusal)
        failed_phases = {f.phase for f in run.failures}
        services[name] = ServiceOutcome(
            run=run.name,
            failed=failure.text if failure else "",
            how=failure.kind if failure else FailureKind.OTHER,
            phase=run.failures[0].phase if run.failures else "",
            refusals=tuple(refusals),
            questions=tuple(questions),
            asked=tuple(
                fact
                for fact in facts
                if isinstance(fact, CapabilityAsked) and not fact.granted and fact.phase in failed_phases
            ),
            used=frozenset(
                fact.name
                for fact in facts
                if isinstance(fact, CapabilityAsked) and fact.granted and not fact.hint
            ),
            zombies=run.zombies.get(name, 0),
            wrote=frozenset(fact.path for fact in facts if isinstance(fact, Write)),
            executed=frozenset(fact.path for fact in facts if isinstance(fact, Executed)),
            ungained=_ungained(run, baseline, name, seal) if run.works else (),
        )
    texts = tuple(
        f"{f.phase}{f' ({f.service})' if f.service else ''}: {f.text.removeprefix(f'{f.phase}: ')}"
        for f in run.failures
    )
    return Outcome(run.works, services, texts)


def _as_ownership(refusal: Refusal, seal: ServiceSeal) -> Refusal:
    """Docker gives a non-root user no capability: what DAC_* would have overridden is a matter of ownership."""
    if seal.user.root or not refusal.path or refusal.what not in OVERRIDING:
        return refusal
    return replace(refusal, because=RefusedBecause.PERMISSION, what=refusal.path)


def _becomes_another(refusal: Refusal, seal: ServiceSeal, baseline: Run, name: str) -> bool:
    """Whether a program is refused an identity that it took on without a seal and that is not the seal's user.

    Only to become who one is already is noise; a scheduler that starts its jobs as others loses them.
    """
    if seal.user.ids is None or refusal.what not in {"SETUID", "SETGID"}:
        return False
    own, _ = seal.user.ids
    taken = {
        fact.uid
        for fact in baseline.facts.get(name, frozenset())
        if isinstance(fact, Identity) and fact.by == refusal.by
    }
    return bool(taken - {0, own})


def _ungained(run: Run, baseline: Run, name: str, seal: ServiceSeal) -> tuple[str, ...]:
    """What only the baseline shows of a service that gained identities by set-ID programs, in words.

    That is what such a program wrote and whom it reached, and what it executed, and what that executed in turn,
    while the service worked. At its start another user has less to do. A program that lacks a capability would lack it
    with all its rights too.
    """
    before = baseline.facts.get(name, frozenset())
    programs = {fact.path for fact in before if isinstance(fact, Executed) and fact.setid}
    if not programs:
        return ()
    programs -= {
        refusal.by
        for refusal in run.refusals(name)
        if refusal.because is RefusedBecause.CAPABILITY and refusal.what not in seal.capabilities.add
    }
    below = _executed_below(before, programs)
    now = run.facts.get(name, frozenset())
    return tuple(sorted(_done_by(before, programs, below) - _done_by(now, programs, below)))


def _executed_below(facts: Iterable[AnyFact], programs: Collection[str]) -> set[str]:
    """These programs, what they executed, what that executed, and so on."""
    steps = {(fact.by, fact.path) for fact in facts if isinstance(fact, Executed)}
    below = set(programs)
    while more := {path for by, path in steps if by in below} - below:
        below |= more
    return below


def _done_by(facts: Iterable[AnyFact], programs: Collection[str], below: Collection[str]) -> set[str]:
    done = set()
    for fact in facts:
        match fact:
            case Write() if fact.by in programs:
                done.add(f"{fact.by} writes nothing to {fact.path.rpartition('/')[0] or '/'}")
            case Peer() if fact.by in programs and fact.port < EPHEMERAL_PORTS:
                done.add(f"{fact.by} reaches nobody at {fact.protocol}/{fact.port}")
            case Executed() if fact.phase in WORK and fact.path in below:
                done.add(f"{fact.path} is not executed")
    return done


def _is_complained_of(refusal: Refusal, run: Run, name: str) -> bool:
    """Whether what may no longer be read was not only looked for: the log says that it is missed."""
    unread = refusal.because is RefusedBecause.PERMISSION and not refusal.writing
    return unread and refusal.what in run.complaints.get(name, frozenset())


def _was_made(refusal: Refusal, baseline: Run, name: str) -> bool:
    """Whether a kind of socket that is refused was there without a seal."""
    if refusal.because is not RefusedBecause.SYSCALL:
        return False
    _, kind = seccomp.call_and_kind(refusal.what)
    facts = baseline.facts.get(name, frozenset())
    return any(isinstance(fact, SocketMade) and fact.kind == kind for fact in facts)


def is_question(refusal: Refusal, seal: ServiceSeal) -> bool:
    """Whether a refusal is ignored as long as every phase works."""
    if refusal.question:
        return True
    match refusal.because:
        case RefusedBecause.READ_ONLY | RefusedBecause.PERMISSION if is_byte_code(refusal.what):
            return True
        case RefusedBecause.READ_ONLY:
            return refusal.syscall in ATTRIBUTES
        case RefusedBecause.PERMISSION:
            # what may no longer be read is often only looked for (/etc/shadow, other users' files)
            return not refusal.writing or refusal.syscall in ATTRIBUTES
        case RefusedBecause.CAPABILITY:
            # Docker gives a non-root user no capability: ownership is what must be right
            # and capset(2) only gives capabilities away: it does nothing for the application
            return refusal.syscall == "capset" or (not seal.user.root and refusal.syscall not in RAISING)
        case RefusedBecause.SYSCALL:
            _, kind = seccomp.call_and_kind(refusal.what)
            # told to fall back to an older call, or to do without what few kernels have
            return refusal.errno == errno.ENOSYS or (bool(kind) and seccomp.is_rare(kind))
        case _:
            return False


def volatile(path: str) -> str:
    """A path with the long numbers of its last component (process ids, temporary names) made alike."""
    directory, slash, name = path.rpartition("/")
    return f"{directory}{slash}{re.sub(r'[0-9]{4,}', '#', name)}"


def _key(refusal: Refusal) -> tuple[str, str, bool, bool]:
    """What makes two refusals the same: a path is refused to root by a mount, and to others by its owner."""
    because = "path" if refusal.because in _OF_PATHS else refusal.because
    return because, volatile(refusal.what), refusal.writing, refusal.question


def _borne(baseline: Run, name: str) -> frozenset[tuple[str, str, bool, bool]]:
    """Refusals that the application bears without a seal too; not where it then wrote the path after all."""
    written = {
        volatile(fact.path) for fact in baseline.facts.get(name, frozenset()) if isinstance(fact, Write)
    }
    return frozenset(_key(r) for r in baseline.refusals(name) if volatile(r.what) not in written)
