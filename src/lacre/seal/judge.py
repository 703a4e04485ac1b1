"""From a run of a sealed twin to an outcome: what counts as a refusal, measured against the baseline."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import replace

from lacre.observe import Run
from lacre.seal.controls.filesystem import OVERRIDING
from lacre.seal.controls.limits import RAISING
from lacre.seal.model import ServiceSeal
from lacre.seal.prove import Outcome, ServiceOutcome
from lacre.sensor import CapabilityAsked, Identity, Refusal, RefusedBecause, Write

# Calls that change only attributes: on a read-only root they fail even where they would change nothing, and
# most programs go on. They count when a phase fails.
ATTRIBUTES = frozenset({
    "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "lchown", "fchown", "fchownat", "utime", "utimes",
    "futimesat", "utimensat", "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr",
    "fremovexattr",
})  # fmt: skip


def judge(run: Run, baseline: Run, seals: Mapping[str, ServiceSeal]) -> Outcome:
    """How a trial went, service by service."""
    failures = {failure.service: failure for failure in run.failures}
    services = {}
    for name, seal in seals.items():
        failure = failures.get(name)
        known = _borne(baseline, name)
        refusals: list[Refusal] = []
        questions: list[Refusal] = []
        for seen in run.refusals(name):
            refusal = _as_ownership(seen, seal)
            if _key(refusal) in known:
                continue
            asked = is_question(refusal, seal) and not _becomes_another(refusal, seal, baseline, name)
            (questions if asked else refusals).append(refusal)
        failed_phases = {f.phase for f in run.failures}
        services[name] = ServiceOutcome(
            run=run.name,
            failed=failure.text if failure else "",
            phase=run.failures[0].phase if run.failures else "",
            refusals=tuple(refusals),
            questions=tuple(questions),
            asked=tuple(
                fact
                for fact in run.facts.get(name, frozenset())
                if isinstance(fact, CapabilityAsked) and not fact.granted and fact.phase in failed_phases
            ),
            used=frozenset(
                fact.name
                for fact in run.facts.get(name, frozenset())
                if isinstance(fact, CapabilityAsked) and fact.granted and not fact.hint
            ),
            zombies=run.zombies.get(name, 0),
        )
    texts = tuple(f"{f.phase}{f' ({f.service})' if f.service else ''}: {f.text}" for f in run.failures)
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
    if seal.user.user is None or refusal.what not in {"SETUID", "SETGID"}:
        return False
    own = int(seal.user.user.partition(":")[0])
    taken = {
        fact.uid
        for fact in baseline.facts.get(name, frozenset())
        if isinstance(fact, Identity) and fact.by == refusal.by
    }
    return bool(taken - {0, own})


def is_question(refusal: Refusal, seal: ServiceSeal) -> bool:
    """Whether a refusal is ignored as long as every phase works."""
    if refusal.question:
        return True
    match refusal.because:
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
            return refusal.errno == errno.ENOSYS  # told to fall back to an older call
        case _:
            return False


def volatile(path: str) -> str:
    """A path with the long numbers of its last component (process ids, temporary names) made alike."""
    directory, slash, name = path.rpartition("/")
    return f"{directory}{slash}{re.sub(r'[0-9]{4,}', '#', name)}"


def _key(refusal: Refusal) -> tuple[str, str, bool, bool]:
    """What makes two refusals the same."""
    return refusal.because, volatile(refusal.what), refusal.writing, refusal.question


def _borne(baseline: Run, name: str) -> frozenset[tuple[str, str, bool, bool]]:
    """Refusals that the application bears without a seal too; not where it then wrote the path after all."""
    written = {
        volatile(fact.path) for fact in baseline.facts.get(name, frozenset()) if isinstance(fact, Write)
    }
    return frozenset(_key(r) for r in baseline.refusals(name) if volatile(r.what) not in written)
