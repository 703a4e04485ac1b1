"""The way back: every step of the journal undone, the last one first. Undoing twice is undoing once.

What is neither as lacre left it nor as it was before has been changed by somebody else since: it is named and
left alone, unless it is forced.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lacre.host import facts, journal, sysctl, writing
from lacre.host.files import Root, parent
from lacre.host.journal import Journal, MakeDirectory, Run, SetSysctl, Step, WriteFile


@dataclass(frozen=True, slots=True)
class Undone:
    """`restored` and `left` (with the reason) are files and sysctls in words; `runs` how many were undone."""

    restored: tuple[str, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    runs: int = 0


class _RefusedError(Exception):
    """A step that cannot be undone, and why."""


class _NoteError(Exception):
    """A step of which nothing is left to undo, but something to tell."""


def rollback(root: Root, *, force: bool = False) -> Undone:
    """Undoes every run; the lock must be held. Raises GroundError where the journal is broken, OSError where
    the journal itself cannot be written."""
    kept = journal.load(root)
    done, rest = undo(root, kept.runs, force=force)
    journal.save(root, Journal(rest))
    if any(name.endswith(".json") for name in done.restored):
        note = (
            "dockerd runs on with what it had read; it takes the old file at its next start (a reload takes no "
            "live-restore back)"
        )
        return replace(done, notes=(*done.notes, note))
    return done


def recover(root: Root) -> Undone:
    """Undoes the runs that died in the middle; the lock must be held. Raises as `rollback` does."""
    kept = journal.load(root)
    if root.there(journal.DIRECTORY):
        writing.unstage(root, journal.FILE)
    dead = tuple(run for run in kept.runs if not run.complete)
    if not dead:
        if not kept.runs:
            journal.clear(root)
        return Undone()
    done, rest = undo(root, dead)
    journal.save(root, Journal((*(run for run in kept.runs if run.complete), *rest)))
    return done


def undo(root: Root, runs: Iterable[Run], *, force: bool = False) -> tuple[Undone, tuple[Run, ...]]:
    """Undoes runs, the last first; what could not be undone is the second answer, with those steps only."""
    restored: list[str] = []
    left: list[tuple[str, str]] = []
    notes: list[str] = []
    rest: list[Run] = []
    every = list(runs)
    for run in reversed(every):
        remaining: list[Step] = []
        for step in reversed(run.steps):
            try:
                if _undo(root, step, force=force):
                    restored.append(named(step))
            except _NoteError as note:
                notes.append(str(note))
            except _RefusedError as refusal:
                left.append((named(step), str(refusal)))
                remaining.insert(0, step)
            except OSError as problem:
                left.append((named(step), problem.strerror or str(problem)))
                remaining.insert(0, step)
        if remaining:
            rest.insert(0, replace(run, complete=True, steps=tuple(remaining)))
    return Undone(tuple(restored), tuple(left), tuple(notes), len(every)), tuple(rest)


def named(step: Step) -> str:
    """What a step changes, as people write it."""
    match step:
        case SetSysctl():
            return step.key.replace("/", ".")
        case WriteFile() | MakeDirectory():
            return step.path


def _undo(root: Root, step: Step, *, force: bool) -> bool:
    """Whether there was anything to undo."""
    match step:
        case MakeDirectory():
            with contextlib.suppress(FileNotFoundError):
                try:
                    root.at(step.path).rmdir()
                    return True
                except OSError as problem:
                    if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                    raise _NoteError(f"{step.path} stays: somebody put more into it") from problem
            return False
        case WriteFile():
            return _undo_file(root, step, force=force)
        case SetSysctl():
            return _undo_sysctl(root, step, force=force)


def _undo_file(root: Root, step: WriteFile, *, force: bool) -> bool:
    if root.there(parent(step.path)):
        writing.unstage(root, step.path)
    now = writing.held(root, step.path)
    if now == step.before:
        return False
    untouched = now is not None and now.data in (step.after, step.before.data if step.before else step.after)
    if not untouched and not force:
        raise _RefusedError(
            "it was removed since"
            if now is None
            else "it was changed by somebody else since; --force restores it"
        )
    if step.before is None:
        if now is not None:
            writing.remove(root, step.path)
        return True
    writing.stage(root, step.path, step.before.data, step.before)
    writing.swap_in(root, step.path, modified=step.before.modified)
    return True


def _undo_sysctl(root: Root, step: SetSysctl, *, force: bool) -> bool:
    now = facts.value(root, step.key)
    name = step.key.replace("/", ".")
    if now is None:
        raise _NoteError(f"{name} is gone, with the interface or module that it belonged to")
    if sysctl.plain(now) == sysctl.plain(step.before):
        return False
    if sysctl.plain(now) != sysctl.plain(step.after) and not force:
        raise _RefusedError(f"it was set to {sysctl.plain(now)} by somebody else since; --force restores it")
    try:
        writing.set_sysctl(root, step.key, step.before)
    except OSError as problem:
        if step.later:
            raise _NoteError(
                f"{name} stays {sysctl.plain(now)} until the next start: the kernel does not take it back"
            ) from problem
        raise
    if sysctl.plain(facts.value(root, step.key) or "") != sysctl.plain(step.before):
        raise _RefusedError(f"the kernel keeps {sysctl.plain(facts.value(root, step.key) or '?')}")
    return True
