"""Who stopped a step: read from what the sensor saw the kernel refuse meanwhile, never from what was expected."""

from __future__ import annotations

import errno as errnos
import posixpath
from collections.abc import Iterable, Sequence

from lacre.attacks.model import Result, Step, StepTaken
from lacre.attacks.stage import PROGRAM
from lacre.capabilities import CAPABILITIES
from lacre.engine import Executed
from lacre.engine.inside import Credentials
from lacre.sensor import Refusal, RefusedBecause

_BECAUSE = {
    RefusedBecause.SYSCALL: "syscalls",
    RefusedBecause.CAPABILITY: "capabilities",
    RefusedBecause.READ_ONLY: "filesystem",
    RefusedBecause.NO_EXEC: "filesystem",
    RefusedBecause.FULL: "filesystem",
    RefusedBecause.PROCESSES: "limits",
    RefusedBecause.FILES: "limits",
    RefusedBecause.MEMORY: "limits",
}
_OF_OWNERS = frozenset({"DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "CHOWN"})  # capabilities(7)
# What a filter answers of a protocol as a kernel does that has it not (lacre.seccomp.profile).
_NO_SUCH_PROTOCOL = frozenset({errnos.EAFNOSUPPORT, errnos.EPROTONOSUPPORT})
_LIMITS = frozenset({errnos.EAGAIN, errnos.ENOMEM, errnos.EMFILE, errnos.EFBIG})
_WITHOUT_ERRNO = {
    "NoNewPrivs": "privileges",
    "nosuid": "filesystem",
    "killed by signal 31": "syscalls",  # SIGSYS
}  # as native/attacks/executing.h says it
_KILLED, _FILTERED = 128 + 9, 128 + 31  # as a shell says death by SIGKILL and SIGSYS
_RESULTS = {
    "worked": Result.WORKED,
    "stopped": Result.STOPPED,
    "absent": Result.NOT_APPLICABLE,
    "error": Result.ERROR,
}
_MOST_DETAIL = 200
_NOT_GIVEN = "the application has kept {} under its user, and the engine gives that to nobody else"


def is_of_the_attack(refusal: Refusal) -> bool:
    """Whether it refused the native program: the application, which goes on, may be refused things meanwhile.

    For want of memory another than who took it may be killed.
    """
    return refusal.because is RefusedBecause.MEMORY or posixpath.basename(refusal.by) == PROGRAM


def taken(step: Step, executed: Executed, refusals: Sequence[Refusal], own: Credentials) -> StepTaken:
    """What came of a step: from what the native program said, how it ended, and what the kernel refused."""
    words = executed.output.rstrip("\n").split("\t")
    if len(words) == 3 and words[0] in _RESULTS and words[1].isdecimal():
        result, number, detail = _RESULTS[words[0]], int(words[1]), words[2][:_MOST_DETAIL]
        if result is Result.NOT_APPLICABLE and (filtered := _as_if_absent(refusals)):
            return StepTaken(
                step=step,
                result=Result.STOPPED,
                errno=errnos.errorcode[filtered.errno],
                by="syscalls",
                detail=filtered.what,
            )
        if result is not Result.STOPPED:
            return StepTaken(step=step, result=result, detail=detail)
        by = author(number, detail, refusals, own)
        if by == "capabilities" and not step.as_root and (kept := _kept(number, refusals, own)):
            return StepTaken(step=step, result=Result.ERROR, detail=_NOT_GIVEN.format(kept))
        return StepTaken(
            step=step, result=result, errno=errnos.errorcode.get(number, ""), by=by, detail=detail
        )
    if executed.code == _FILTERED:
        return StepTaken(step=step, result=Result.STOPPED, by="syscalls", detail="killed by the filter")
    if executed.code == _KILLED and any(r.because is RefusedBecause.MEMORY for r in refusals):
        return StepTaken(step=step, result=Result.STOPPED, by="limits", detail="killed for want of memory")
    said = executed.output.strip()[:_MOST_DETAIL]
    return StepTaken(
        step=step, result=Result.ERROR, detail=said or f"ended with {executed.code} and said nothing"
    )


def _as_if_absent(refusals: Iterable[Refusal]) -> Refusal | None:
    """A refusal of the filter that the native program cannot tell from a kernel without that protocol."""
    return next(
        (r for r in refusals if r.because is RefusedBecause.SYSCALL and r.errno in _NO_SUCH_PROTOCOL), None
    )


def _kept(number: int, refusals: Iterable[Refusal], own: Credentials) -> str:
    """The capability that was missing and that the application has kept under its user: the attack has it not.

    Another process of that user, with the same capabilities, is guarded by SYS_PTRACE (ptrace(2), access mode).
    """
    if not own.uid:
        return ""
    has = {name for number, name in enumerate(CAPABILITIES) if own.capabilities >> number & 1}
    missing = {r.what for r in refusals if r.errno == number and r.because is RefusedBecause.CAPABILITY}
    if "SYS_PTRACE" in missing and has:
        return ", ".join(sorted(has))
    return ", ".join(sorted(missing & has))


def author(number: int, detail: str, refusals: Iterable[Refusal], own: Credentials) -> str:
    """Who said no with this errno; "kernel" where nothing else did (a sysctl, a lock, what it is built with).

    Empty where nobody can be named.
    """
    if number == 0:  # no call was refused: what was executed gave nothing, or did not do as it was told
        return _WITHOUT_ERRNO.get(detail, "")
    of_errno = [refusal for refusal in refusals if refusal.errno == number]
    for because, by in _BECAUSE.items():
        for refusal in of_errno:
            if refusal.because is because:
                return _whose(refusal, by, own)
    if number in _LIMITS:
        return "limits"
    if number == errnos.EACCES and own.apparmor:
        return "apparmor"
    for refusal in of_errno:
        if refusal.because is RefusedBecause.PERMISSION:
            return _whose_permission(refusal, own)
    return "kernel"


def _whose(refusal: Refusal, by: str, own: Credentials) -> str:
    """Masks are Docker's own; a file's owner refuses who is not root, and no capability was there to be dropped."""
    if by == "filesystem" and (refusal.path or refusal.what).startswith(("/proc/", "/sys/")):
        return "engine"
    if by == "capabilities" and own.uid and refusal.what in _OF_OWNERS:
        return "user"
    return by


def _whose_permission(refusal: Refusal, own: Credentials) -> str:
    """Modes refuse an open with EACCES; EPERM comes from the devices control group, which Docker sets up itself."""
    if refusal.errno == errnos.EPERM and refusal.syscall.startswith("open"):
        return "engine"
    return "user" if own.uid else "kernel"
