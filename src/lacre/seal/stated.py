"""What a proved seal still refuses, by name: taken from the run that proved it, not from suspicion."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from lacre import seccomp
from lacre.seal.context import Context
from lacre.seal.controls import filesystem
from lacre.seal.directories import must_last
from lacre.seal.judge import ATTRIBUTES, volatile
from lacre.seal.model import LeftRefused, ServiceSeal
from lacre.seal.mounts import idle
from lacre.seal.prove import ServiceOutcome
from lacre.seal.skipped import skipped
from lacre.sensor import Refusal, RefusedBecause

MOST_STATED = 500
MOST_NAMED = 20  # paths in one note
OLD_DATA = "existing data"
LOST = "lost at each restart, unlike without a seal; mount a volume that the service may write"
UNREAD = "may no longer be read, and the log complains of it"
SKIPPED = "root writes this without a seal, and under it nobody does; check that it is not missed"
LOUD = (OLD_DATA, LOST, UNREAD, SKIPPED)  # notes that a user must see before the first sealed start

_OF_PATHS = {RefusedBecause.READ_ONLY, RefusedBecause.PERMISSION}
_LIMITS = {RefusedBecause.PROCESSES, RefusedBecause.FILES, RefusedBecause.MEMORY}


def stated(draft: ServiceSeal, outcome: ServiceOutcome, context: Context) -> ServiceSeal:
    """The seal with each control's `left` as the proving run showed it."""
    refusals = (*outcome.refusals, *outcome.questions)
    paths = {
        RefusedBecause.READ_ONLY,
        RefusedBecause.PERMISSION,
        RefusedBecause.FULL,
        RefusedBecause.NO_EXEC,
    }
    return draft.model_copy(
        update={
            "filesystem": draft.filesystem.model_copy(
                update={"left": _left(refusals, paths, lambda refusal: _path_reason(refusal, draft, context))}
            ),
            "capabilities": draft.capabilities.model_copy(
                update={"left": _left(refusals, {RefusedBecause.CAPABILITY}, _capability_reason)}
            ),
            "syscalls": draft.syscalls.model_copy(
                update={
                    "left": _left(refusals, {RefusedBecause.SYSCALL}, lambda r: seccomp.why_refused(r.what))
                }
            ),
            "limits": draft.limits.model_copy(update={"left": _left(refusals, _LIMITS, _limit_reason)}),
            "notes": (
                *draft.notes,
                *_notes(draft, context),
                *_unread(outcome),
                *_skipped(draft, outcome, context),
            ),
        }
    )


def _left(
    refusals: Iterable[Refusal], because: set[RefusedBecause], reason: Callable[[Refusal], str]
) -> tuple[LeftRefused, ...]:
    """One entry for each thing refused; names that differ in numbers only (temporary files) are one thing."""
    found: dict[str, LeftRefused] = {}
    for refusal in _asked_as_one(refusals):
        key = volatile(refusal.what)
        if refusal.errno == errno.ENOSYS:
            continue  # told to fall back to an older call, which it did
        if refusal.because in because and key not in found and len(found) < MOST_STATED:
            found[key] = LeftRefused(
                what=refusal.what, reason=reason(refusal), by=refusal.by, phase=refusal.phase
            )
    return tuple(found[key] for key in sorted(found))


def _asked_as_one(refusals: Iterable[Refusal]) -> Iterator[Refusal]:
    """Where a program only asked, with access(2), for several files of a directory, it is the directory once."""
    asked: dict[tuple[str, str, str], list[Refusal]] = {}
    for refusal in refusals:
        directory = refusal.what.rpartition("/")[0]
        if refusal.question and directory and refusal.because in _OF_PATHS:
            asked.setdefault((refusal.because, refusal.by, directory), []).append(refusal)
        else:
            yield refusal
    for (_, _, directory), those in asked.items():
        alone = len({refusal.what for refusal in those}) == 1
        yield those[0] if alone else replace(those[0], what=f"{directory}/*")


def _limit_reason(refusal: Refusal) -> str:
    return f"the limit on {refusal.because} was hit ({refusal.syscall}); every phase works"


def _path_reason(refusal: Refusal, draft: ServiceSeal, context: Context) -> str:
    if refusal.because is RefusedBecause.FULL:
        return "no space left there; every phase works"
    if refusal.because is RefusedBecause.NO_EXEC:
        return "may not be executed or mapped as code there; every phase works"
    if refusal.question:
        return "only asked whether it may be written"
    if not refusal.writing:
        return f"{refusal.syscall}: uid {refusal.uid} may not read it; every phase works without"
    if refusal.syscall in ATTRIBUTES:
        return f"{refusal.syscall} on a read-only file system; every phase works without"
    return filesystem.why_left(refusal, context, draft.user)


def _capability_reason(refusal: Refusal) -> str:
    where = f" on {refusal.path}" if refusal.path else ""
    return f"{refusal.syscall}{where} failed without it; every phase works"


def _notes(draft: ServiceSeal, context: Context) -> tuple[str, ...]:
    notes = []
    setid = sorted(p for p, e in context.image.tree.items() if e.kind == "file" and e.mode & 0o6000)
    if setid and not draft.privileges.off:
        notes.append(f"no-new-privileges takes the set-ID rights away from: {', '.join(setid)}")
    open_still = [target for target in idle(context) if target not in draft.filesystem.read_only_mounts]
    lost = sorted(mount.path for mount in draft.filesystem.tmpfs if must_last(mount.path, context))
    notes += [
        f"{OLD_DATA}: after a run without the seal {target} holds files of uid {', '.join(map(str, others))};"
        f" before the first sealed start on them: chown -R {draft.user.user} {target}"
        for target, others in _foreign_data(draft, context)
    ]
    if lost:
        notes.append(f"{LOST}: {', '.join(lost)}")
    if open_still:
        notes.append(f"never written, could be mounted read-only: {', '.join(open_still)}")
    return tuple(notes)


def _unread(outcome: ServiceOutcome) -> tuple[str, ...]:
    """Refused reads count only where the log names them: what no group could help is said loudly."""
    paths = {r.what for r in outcome.refusals if r.because is RefusedBecause.PERMISSION and not r.writing}
    return (f"{UNREAD}: {', '.join(sorted(paths)[:MOST_NAMED])}",) if paths else ()


def _skipped(draft: ServiceSeal, outcome: ServiceOutcome, context: Context) -> tuple[str, ...]:
    """Files that only root made: an entrypoint that asks who it is leaves them out as another user, in silence."""
    if draft.user.ids is None or draft.user.ids[0] == 0:
        return ()
    paths = sorted(skipped(outcome, context))
    return (f"{SKIPPED}: {', '.join(paths[:MOST_NAMED])}",) if paths else ()


def _foreign_data(draft: ServiceSeal, context: Context) -> Iterator[tuple[str, list[int]]]:
    """Mounts that the unsealed baseline wrote to, and that hold files which the seal's user does not own."""
    if draft.user.ids is None:
        return
    uid, _ = draft.user.ids
    unused = set(idle(context))
    for target, mounted in sorted(context.profile.mounted.items()):
        others = sorted({owner.uid for owner in mounted.below} - {uid})
        if others and target not in unused:
            yield target, others
