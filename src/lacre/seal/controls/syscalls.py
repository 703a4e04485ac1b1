"""The seccomp policy: what was observed, closed over equivalent calls, with the margin's harmless core."""

from __future__ import annotations

from collections.abc import Iterable

from lacre import seccomp
from lacre.seal.context import Context
from lacre.seal.model import Capabilities, Grant, LeftRefused, Syscalls
from lacre.sensor import Refusal, RefusedBecause

NAME = "syscalls"


def propose(context: Context, capabilities: Capabilities) -> Syscalls:
    """The allow-list for what the baseline did."""
    if context.seccomp == "default":
        return Syscalls(base="docker-default", off="--seccomp default: Docker's own profile was asked for")
    observed = context.profile.syscalls("x86_64" if context.image.architecture == "amd64" else "aarch64")
    return Syscalls(
        observed=observed,
        allowed=seccomp.derive(observed, context.margin, capabilities.add),
        grants=(Grant(what=f"{len(observed)} system calls", reason="observed", run="baseline"),),
    )


def mend(setting: Syscalls, refusals: Iterable[Refusal], capabilities: Capabilities) -> Syscalls:
    """Allow what was refused, as far as Docker's default allows it; the rest stays refused, with its name."""
    if setting.base != "allow-list":
        return setting
    for refusal in refusals:
        if refusal.because is not RefusedBecause.SYSCALL or refusal.what in setting.allowed:
            continue
        wider = seccomp.mend(setting.allowed, refusal.what, setting.observed, capabilities.add)
        if wider is None:
            left = LeftRefused(
                what=refusal.what,
                reason=seccomp.why_refused(refusal.what),
                by=refusal.by,
                phase=refusal.phase,
            )
            if all(known.what != left.what for known in setting.left):
                setting = setting.model_copy(update={"left": (*setting.left, left)})
            continue
        grant = Grant(what=refusal.what, reason="refused under a draft", by=refusal.by, phase=refusal.phase)
        setting = setting.model_copy(update={"allowed": wider, "grants": (*setting.grants, grant)})
    return setting


def given_up(setting: Syscalls, reason: str) -> Syscalls:
    """Docker's own profile instead of ours."""
    return Syscalls(base="docker-default", observed=setting.observed, off=reason)
