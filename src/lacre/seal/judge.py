"""From a run of a sealed twin to an outcome: what counts as a refusal, measured against the baseline."""

from __future__ import annotations

import errno
import re
from collections.abc import Mapping
from dataclasses import replace

from lacre.observe import Run
from lacre.seal.controls.limits import RAISING
from lacre.seal.model import ServiceSeal
from lacre.seal.prove import Outcome, ServiceOutcome
from lacre.sensor import CapabilityAsked, Refusal, RefusedBecause

OVERRIDING = frozenset({"DAC_OVERRIDE", "DAC_READ_SEARCH"})

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
        known = {_key(refusal) for refusal in baseline.refusals(name)}
        refusals: list[Refusal] = []
        questions: list[Refusal] = []
        for seen in run.refusals(name):
            refusal = _as_ownership(seen, seal)
            if _key(refusal) in known:
                continue
            (questions if is_question(refusal, seal) else refusals).append(refusal)
        failed_phases = {f.phase for f in run.failures}
        services[name] = ServiceOutcome(
            run=run.name,
            failed=failure.text if failure else "",
            phase=failure.phase if failure else "",
            refusals=tuple(refusals),
            questions=tuple(questions),
            asked=tuple(
                fact
                for fact in run.facts.get(name, frozenset())
                if isinstance(fact, CapabilityAsked) and not fact.granted and fact.phase in failed_phases
            ),
        )
    texts = tuple(f"{f.phase}{f' ({f.service})' if f.service else ''}: {f.text}" for f in run.failures)
    return Outcome(run.works, services, texts)


def _as_ownership(refusal: Refusal, seal: ServiceSeal) -> Refusal:
    """Docker gives a non-root user no capability: what DAC_* would have overridden is a matter of ownership."""
    if seal.user.root or not refusal.path or refusal.what not in OVERRIDING:
        return refusal
    return replace(refusal, because=RefusedBecause.PERMISSION, what=refusal.path)


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
            return not seal.user.root and refusal.syscall not in RAISING
        case RefusedBecause.SYSCALL:
            return refusal.errno == errno.ENOSYS  # told to fall back to an older call
        case _:
            return False


def _key(refusal: Refusal) -> tuple[str, str]:
    """What makes two refusals the same; numbers in paths (process ids, temporary names) do not count."""
    return refusal.because, re.sub(r"\d+", "#", refusal.what)
