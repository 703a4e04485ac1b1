"""Drop ALL, add back what is needed: grown from counted refusals, then searched for the smallest set.

The kernel asks about more capabilities than an application needs, so what was asked is only an upper bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lacre import seccomp
from lacre.seal.context import Context
from lacre.seal.model import Capabilities, Grant, User
from lacre.seal.prove import ServiceOutcome
from lacre.sensor import CapabilityAsked, Refusal, RefusedBecause

NAME = "capabilities"

# With one of these a process can take the host over (capabilities(7)): dropping the others protects little
AS_GOOD_AS_ROOT = {
    "SYS_ADMIN": "mounts, namespaces and much else of the host's kernel",
    "SYS_MODULE": "loads code into the host's kernel",
    "SYS_RAWIO": "reads and writes the host's memory and disks",
    "SYS_BOOT": "restarts the host, or starts another kernel on it",
    "BPF": "runs code in the host's kernel",
    "MAC_ADMIN": "rewrites the host's security policy",
}


# The kernel asks for these only once nothing else lets a call through: a root process that was asked in the
# baseline fails without (kernel/signal.c, kernel/sys.c, fs/attr.c, net/ipv4/af_inet.c and others). Without FSETID no
# call fails: the set-group-ID bit that was asked for is left out (in_group_or_capable), and nothing tells.
DIRECT = frozenset({
    "CHOWN", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP", "SETGID", "SETUID",
    "SYS_CHROOT",
})  # fmt: skip

_NEEDED = "asked where nothing else lets a call through"
_GUESSED = "asked in a phase that failed, and nothing else was refused"
_BASELINE = "baseline"


def propose(context: Context, user: User) -> Capabilities:
    """What the baseline shows to be needed; the rest is refused with a name."""
    if not user.root:
        return Capabilities()
    grants = [
        Grant(what=fact.name, reason=_NEEDED, by=fact.by, phase=fact.phase, run=_BASELINE)
        for fact in sorted(context.profile.of(CapabilityAsked), key=lambda f: (f.name, f.by, f.phase))
        if fact.granted and not fact.hint and fact.uid == 0 and fact.name in DIRECT
    ]
    return _add(Capabilities(), grants, context)


def mend(setting: Capabilities, outcome: ServiceOutcome, context: Context, user: User) -> Capabilities:
    """Add the capabilities whose refusal failed a system call. A non-root user cannot have any."""
    if not user.root or setting.off:
        return setting
    refused = [r for r in _refused(outcome, context) if r.what not in setting.add]
    # the kernel asks for the wider one when the narrower is refused (fs/namei.c, generic_permission)
    read = {r.path for r in refused if r.what == "DAC_READ_SEARCH"}
    refused = [r for r in refused if r.what != "DAC_OVERRIDE" or r.path not in read]
    grants = [
        Grant(what=r.what, reason=f"{r.syscall} failed without it", by=r.by, phase=r.phase, run=outcome.run)
        for r in refused
    ]
    return _add(setting, grants, context)


def widen(setting: Capabilities, outcome: ServiceOutcome, context: Context, user: User) -> Capabilities:
    """Where a phase fails and no counted refusal tells why: everything that was asked and refused in it."""
    if not user.root or setting.off:
        return setting
    grants = [
        Grant(what=q.name, reason=_GUESSED, by=q.by, phase=q.phase, run=outcome.run, guessed=True)
        for q in sorted(outcome.asked, key=lambda q: (q.name, q.by))
        if not q.granted and not q.hint and q.name not in setting.add
    ]
    return _add(setting, grants, context)


def _refused(outcome: ServiceOutcome, context: Context) -> Iterator[Refusal]:
    """Refused capabilities, also those that the kernel never came to ask for: seccomp said no before.

    Docker's default lets some system calls through only with a capability (chroot with SYS_CHROOT).
    """
    for refusal in outcome.refusals:
        if refusal.because is RefusedBecause.CAPABILITY:
            yield refusal
        elif refusal.because is RefusedBecause.SYSCALL:
            for name in sorted(seccomp.unlocking(refusal.what) & granted_by_base(context)):
                yield replace(refusal, because=RefusedBecause.CAPABILITY, what=name)


def _add(setting: Capabilities, grants: list[Grant], context: Context) -> Capabilities:
    """Add grants, one for each capability, as far as the base has them: a seal never adds power."""
    first = {grant.what: grant for grant in reversed(grants) if grant.what in granted_by_base(context)}
    if not first:
        return setting
    kept = (*setting.grants, *(first[name] for name in sorted(first)))
    wider = setting.model_copy(update={"add": setting.add | set(first), "grants": kept})
    if "DAC_OVERRIDE" in wider.add:  # which covers the other (fs/namei.c, generic_permission)
        wider = without(wider, ["DAC_READ_SEARCH"])
    return _weighed(wider)


def _weighed(setting: Capabilities) -> Capabilities:
    """Say where what stays is as good as everything."""
    strong = sorted(setting.add & AS_GOOD_AS_ROOT.keys())
    reasons = "; ".join(f"{name} is needed, and {AS_GOOD_AS_ROOT[name]}" for name in strong)
    return setting.model_copy(update={"defeated": reasons})


def doubtful(setting: Capabilities, outcome: ServiceOutcome) -> list[str]:
    """What no refusal has shown to be needed: what was guessed, and what only the unsealed baseline used.

    Not KILL: whether it is asked for at a reload or stop is a matter of moments.
    """
    return [
        grant.what
        for grant in setting.grants
        if grant.guessed
        or (grant.run == _BASELINE and grant.what not in outcome.used and grant.what != "KILL")
    ]


def given_up(setting: Capabilities, reason: str) -> Capabilities:
    """What the base has, `privileged` included."""
    return Capabilities(grants=setting.grants, off=reason)


def restored(setting: Capabilities) -> Capabilities:
    """Dropped again, but for what was granted before."""
    return _weighed(
        Capabilities(add=frozenset(grant.what for grant in setting.grants), grants=setting.grants)
    )


def without(setting: Capabilities, names: Iterable[str]) -> Capabilities:
    """The setting without some of its capabilities."""
    gone = frozenset(names)
    kept = tuple(grant for grant in setting.grants if grant.what not in gone)
    return _weighed(setting.model_copy(update={"add": setting.add - gone, "grants": kept}))


# Docker's default set (docs.docker.com, runtime privilege): what a container has without cap_add
DEFAULT = frozenset({
    "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE",
    "NET_RAW", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
})  # fmt: skip

# capabilities(7), Linux 6.12
ALL = DEFAULT | frozenset({
    "AUDIT_CONTROL", "AUDIT_READ", "BLOCK_SUSPEND", "BPF", "CHECKPOINT_RESTORE", "DAC_READ_SEARCH",
    "IPC_LOCK", "IPC_OWNER", "LEASE", "LINUX_IMMUTABLE", "MAC_ADMIN", "MAC_OVERRIDE", "NET_ADMIN",
    "NET_BROADCAST", "PERFMON", "SYSLOG", "SYS_ADMIN", "SYS_BOOT", "SYS_MODULE", "SYS_NICE", "SYS_PACCT",
    "SYS_PTRACE", "SYS_RAWIO", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "WAKE_ALARM",
})  # fmt: skip


def granted_by_base(context: Context) -> frozenset[str]:
    """What the base lets a root process have."""
    service = context.service
    if service.privileged or "ALL" in service.cap_add:
        return ALL - frozenset(service.cap_drop)
    dropped = ALL if "ALL" in service.cap_drop else frozenset(service.cap_drop)
    granted = (DEFAULT - dropped) | frozenset(service.cap_add)
    # the part of DAC_OVERRIDE that only reads: less power, not more
    return granted | {"DAC_READ_SEARCH"} if "DAC_OVERRIDE" in granted else granted
