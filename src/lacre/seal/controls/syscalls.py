"""The seccomp policy: what was observed, closed over equivalent calls, with the margin's harmless core."""

from __future__ import annotations

from collections.abc import Iterable

from lacre import seccomp
from lacre.observe import Phase
from lacre.seal.context import Context
from lacre.seal.model import Capabilities, Grant, LeftRefused, Syscalls
from lacre.sensor import Refusal, RefusedBecause, SocketMade

NAME = "syscalls"


def propose(context: Context, capabilities: Capabilities) -> Syscalls:
    """The allow-list for what the baseline did."""
    if context.seccomp == "default":
        return Syscalls(base="docker-default", off="--seccomp default: Docker's own profile was asked for")
    observed = context.profile.syscalls("x86_64" if context.image.architecture == "amd64" else "aarch64")
    made: dict[str, SocketMade] = {}
    for fact in sorted(
        context.profile.of(SocketMade), key=lambda f: (list(Phase).index(Phase(f.phase)), f.by)
    ):
        made.setdefault(fact.kind, fact)
    sockets = seccomp.derive_sockets(frozenset(made), context.margin)
    return Syscalls(
        observed=observed,
        allowed=seccomp.derive(observed, context.margin, capabilities.add),
        sockets=sockets,
        grants=(
            Grant(what=f"{len(observed)} system calls", reason="observed", run="baseline"),
            *(
                Grant(what=f"socket {kind}", reason="observed", by=fact.by, phase=fact.phase, run="baseline")
                for kind, fact in sorted(made.items())
                if sockets is not None and kind in sockets
            ),
        ),
    )


def mend(setting: Syscalls, refusals: Iterable[Refusal], capabilities: Capabilities) -> Syscalls:
    """Allow what was refused, as far as Docker's default allows it; the rest stays refused, with its name."""
    if setting.base != "allow-list":
        return setting
    for refusal in refusals:
        if refusal.because is not RefusedBecause.SYSCALL or _is_allowed(setting, refusal.what):
            continue
        wider = _wider(setting, refusal.what, capabilities)
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
        setting = wider.model_copy(update={"grants": (*setting.grants, grant)})
    return setting


def _is_allowed(setting: Syscalls, what: str) -> bool:
    call, kind = seccomp.call_and_kind(what)
    return call in setting.allowed and (not kind or setting.sockets is None or kind in setting.sockets)


def _wider(setting: Syscalls, what: str, capabilities: Capabilities) -> Syscalls | None:
    """The least wider setting that lets a refused call through, with its kind of socket; None: no grant may do that."""
    call, kind = seccomp.call_and_kind(what)
    allowed, sockets = setting.allowed, setting.sockets
    if call not in allowed:
        wider = seccomp.mend(allowed, call, setting.observed, capabilities.add)
        if wider is None:
            return None
        allowed = wider
    if kind and sockets is not None and kind not in sockets:
        more = seccomp.mend_sockets(sockets, kind)
        if more is None:
            return None
        sockets = more
    return setting.model_copy(update={"allowed": allowed, "sockets": sockets})


def given_up(setting: Syscalls, reason: str) -> Syscalls:
    """Docker's own profile instead of ours."""
    return Syscalls(base="docker-default", observed=setting.observed, off=reason)
