"""A plan carried out: journal, stage, check, swap in, set, verify; on any failure everything goes back."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

from lacre.errors import GroundError, HalfDoneError, NotAppliedError
from lacre.host import facts, journal, rollback, sysctl, writing
from lacre.host.files import Root, parent
from lacre.host.journal import Journal, MakeDirectory, Run, SetSysctl, Step, WriteFile
from lacre.host.model import Kind, Plan
from lacre.host.rollback import Undone

Validate = Callable[[str], str]
"""Given the path of a staged daemon.json, what the engine has against it; empty: nothing."""

Restart = Callable[[], str]
"""Restarts the engine; why that failed, else empty."""

_TRIED = "applying the plan"


@contextlib.contextmanager
def session(root: Root) -> Iterator[Undone]:
    """Holds the lock; what a run that died left is undone first, and told. Raises GroundError.

    The lock is on /etc itself, so that it leaves no file, and ends with the process.
    """
    try:
        descriptor = os.open(root.at("/etc"), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as problem:
        raise GroundError(_TRIED, f"/etc: {problem.strerror}", "run it on a host") from problem
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            raise GroundError(
                "taking the lock on /etc", "another lacre host is at work", "wait until it has ended"
            ) from problem
        try:
            done = rollback.recover(root)
        except OSError as problem:
            raise HalfDoneError(
                "undoing a run that died in the middle",
                f"{problem.filename or journal.FILE}: {problem.strerror}",
                "mend that, then run lacre host rollback",
            ) from problem
        yield done
    finally:
        os.close(descriptor)


def apply(
    root: Root, plan: Plan, when: str, validate: Validate | None = None, restart: Restart | None = None
) -> tuple[str, ...]:
    """Carries out a plan; the answer names what was written and set. The lock must be held.

    `restart` restarts the engine once all is written; where it does not come up again, everything goes back,
    and it is restarted with what it had.

    Raises NotAppliedError when something failed and all is as before, HalfDoneError when the way back failed too.
    """
    steps = _steps(root, plan)
    if not steps:
        if restart is not None:  # an earlier apply wrote what only a restart puts in force
            _restarted(restart)
        return ()
    _check(root, steps)
    before = journal.load(root)
    run = Run(when=when, profile=plan.profile.value, complete=False, steps=steps)
    begun = False
    try:
        journal.save(root, Journal((*before.runs, run)))
        _carry_out(root, steps, validate)
        if restart is not None:
            begun = True
            _restarted(restart)
        journal.save(root, Journal((*before.runs, replace(run, complete=True))))
    except BaseException as problem:
        _go_back(root, before, run, problem)
        if begun and restart is not None and (again := restart()):
            raise HalfDoneError(
                "restarting the engine with what it had before",
                again,
                "everything is as it was before, but the engine is not up: journalctl -u docker says why",
            ) from problem
        if isinstance(problem, OSError):
            raise NotAppliedError(
                _TRIED,
                f"{_place(root, problem)}: {problem.strerror or problem}",
                "everything is as it was before; mend that, or leave the setting out with --skip",
            ) from problem
        raise
    return tuple(rollback.named(step) for step in steps if not (isinstance(step, SetSysctl) and step.later))


def _place(root: Root, problem: OSError) -> str:
    name = str(problem.filename or "a file")
    prefix = str(root.directory)
    return name if prefix == "/" else name.removeprefix(prefix)


def _go_back(root: Root, before: Journal, run: Run, problem: BaseException) -> None:
    try:
        done, rest = rollback.undo(root, (run,))
        journal.save(root, Journal((*before.runs, *rest)))
    except OSError as second:
        raise HalfDoneError(
            f"undoing what was done, after {problem}",
            f"{second.filename or journal.FILE}: {second.strerror}",
            "mend that, then run lacre host rollback: the journal is kept",
        ) from problem
    if done.left:
        raise HalfDoneError(
            f"undoing what was done, after {problem}",
            "; ".join(f"{name}: {why}" for name, why in done.left),
            "mend that, then run lacre host rollback: the journal is kept",
        ) from problem


def _steps(root: Root, plan: Plan) -> tuple[Step, ...]:
    """What is to be done, with what is there now."""
    steps: list[Step] = []
    try:
        for named, data in plan.texts:
            path = root.resolved(named)
            steps += [MakeDirectory(directory) for directory in _missing(root, path)]
            before = writing.held(root, path)
            if before is None or before.data != data:
                steps.append(WriteFile(path, before, data))
        for change in plan.changes:
            if change.setting.kind is Kind.SYSCTL:
                wanted = f"{change.state.wanted.write}\n"
                steps += [
                    SetSysctl(key, _value(root, key), wanted)
                    for key, _, _ in change.values
                    if _differs(root, key, wanted)
                ]
                if change.setting.one_way:
                    steps += [
                        SetSysctl(key.key, _value(root, key.key), wanted, later=True)
                        for key in change.state.keys
                    ]
    except OSError as problem:
        raise NotAppliedError(
            _TRIED, f"{_place(root, problem)}: {problem.strerror}", "nothing was changed; mend that"
        ) from problem
    return tuple(steps)


def _value(root: Root, key: str) -> str:
    found = facts.value(root, key)
    if found is None:
        raise OSError(2, "it cannot be read any more", f"{facts.PROC_SYS}/{key}")
    return found


def _differs(root: Root, key: str, wanted: str) -> bool:
    found = facts.value(root, key)  # None: the interface it belonged to is gone since the plan
    return found is not None and sysctl.plain(found) != sysctl.plain(wanted)


def _missing(root: Root, path: str) -> list[str]:
    """The directories above `path` that are not there, the outermost first."""
    found: list[str] = []
    directory = parent(path)
    while directory not in ("", "/") and not root.there(directory):
        found.insert(0, directory)
        directory = parent(directory)
    return found


def _check(root: Root, steps: tuple[Step, ...]) -> None:
    """Looks for what would fail, before anything is written; raises NotAppliedError."""
    for step in steps:
        match step:
            case WriteFile():
                why = _why_not_file(root, step)
            case SetSysctl(later=False):
                place = root.at(f"{facts.PROC_SYS}/{step.key}")
                why = "" if os.access(place, os.W_OK) or not place.exists() else "it cannot be written here"
            case _:
                why = ""
        if why:
            raise NotAppliedError(
                _TRIED, f"{rollback.named(step)}: {why}", "nothing was changed; mend that, or use --skip"
            )


def _why_not_file(root: Root, step: WriteFile) -> str:
    directory = parent(step.path)
    for path in (step.path, directory):
        why = writing.fixed(root, path)
        if why:
            return f"{path} is {why}; chattr -i takes that away" if "+i" in why else f"{path} is {why}"
    if root.there(directory) and not os.access(root.at(directory), os.W_OK):
        return f"{directory} cannot be written to: it is on a read-only file system, or not yours"
    if step.before is not None and root.at(step.path).stat().st_nlink > 1:
        return "it has several names (hard links), and the others would keep the old content"
    return ""


def _carry_out(root: Root, steps: tuple[Step, ...], validate: Validate | None) -> None:
    for step in steps:
        match step:
            case MakeDirectory():
                root.at(step.path).mkdir(0o755)
                writing.sync(root, parent(step.path))
            case WriteFile():
                writing.stage(root, step.path, step.after, step.before)
                if validate is not None and step.path.endswith(".json"):
                    _validated(root, step, validate)
            case SetSysctl():
                pass
    for step in steps:
        match step:
            case WriteFile():
                _still(step.path, writing.held(root, step.path) == step.before)
                writing.swap_in(root, step.path)
            case SetSysctl(later=False):
                _set(root, step)
            case _:
                pass
    for step in steps:
        _verify(root, step)


def _set(root: Root, step: SetSysctl) -> None:
    now = facts.value(root, step.key)
    if now is None:
        return  # the interface that it belonged to is gone: containers come and go while this runs
    if sysctl.plain(now) == sysctl.plain(step.after):
        return  # setting `default` reaches every interface that nobody has set: net/ipv4/devinet.c
    _still(step.key, now == step.before)
    with contextlib.suppress(FileNotFoundError):
        writing.set_sysctl(root, step.key, step.after)


def _restarted(restart: Restart) -> None:
    problem = restart()
    if problem:
        raise NotAppliedError(
            "restarting the engine",
            problem,
            "everything is as it was before, and the engine restarted with it; journalctl -u docker says why",
        )


def _validated(root: Root, step: WriteFile, validate: Validate) -> None:
    against = validate(str(root.at(writing.staged(step.path))))
    if against:
        raise NotAppliedError(
            f"asking dockerd about {step.path} as it would be", against, "everything is as it was before"
        )


def _still(name: str, same: bool) -> None:
    if not same:
        raise NotAppliedError(
            _TRIED,
            f"{name} was changed by somebody else meanwhile",
            "everything is as it was before; run it again",
        )


def _verify(root: Root, step: Step) -> None:
    match step:
        case WriteFile():
            now = writing.held(root, step.path)
            if now is None or now.data != step.after:
                raise NotAppliedError(_TRIED, f"{step.path} does not hold what was written", "run it again")
        case SetSysctl(later=False):
            kept = facts.value(root, step.key)
            if kept is not None and sysctl.plain(kept) != sysctl.plain(step.after):
                raise NotAppliedError(
                    _TRIED,
                    f"{rollback.named(step)} was set to {step.after.strip()}, and the kernel keeps {kept.strip()}",
                    "everything is as it was before; leave the setting out with --skip",
                )
        case _:
            pass
