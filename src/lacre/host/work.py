"""The four things that `lacre host` does, each as one function for the command line and for `lacre audit`."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lacre.errors import GroundError, UsageError
from lacre.host import apply as applying
from lacre.host import engine, facts, plan, rollback, states
from lacre.host.facts import AskDaemon, Facts
from lacre.host.files import Root
from lacre.host.model import Kind, Plan, Profile, Setting, State, Verdict
from lacre.host.rollback import Undone
from lacre.host.settings import BY_ID, SETTINGS

if TYPE_CHECKING:
    from lacre.engine.daemon import DaemonFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What holds here. `silent`: why the engine could not be asked; `bad_lines` are lines nobody understands."""

    profile: Profile
    states: tuple[State, ...]
    silent: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[State, ...]:
        """What is not as it should be, and is not needed by somebody here; the worst first."""
        found = [state for state in self.states if faulty(state) and not state.needed]
        return tuple(sorted(found, key=lambda state: _SEVERITIES.index(state.setting.severity.value)))


_SEVERITIES = ("high", "medium", "low")


def faulty(state: State) -> bool:
    """Whether it is wrong now, or will be."""
    return Verdict.BAD in (state.now, state.later)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What `apply` did. `recovered` is what a run that had died left, and was undone first; `restarted` the engine."""

    plan: Plan
    done: tuple[str, ...]
    after: tuple[State, ...]
    recovered: Undone
    notes: tuple[str, ...] = ()
    restarted: bool = False

    @property
    def waiting(self) -> tuple[State, ...]:
        """Settings of the engine that are written, and not in force in the one that runs."""
        return tuple(
            state
            for state in self.after
            if state.setting.id in self.plan.restart and state.now is not Verdict.GOOD
        )

    @property
    def not_taken(self) -> tuple[State, ...]:
        """Of those, what the engine's restart surely did not put in force."""
        return tuple(state for state in self.waiting if state.now is Verdict.BAD) if self.restarted else ()

    @property
    def whole(self) -> bool:
        """Whether nothing was held back, and everything written holds after a restart, and after that of the engine."""
        wrong = {state.setting.id for state in self.after if state.later is Verdict.BAD}
        wrong |= {state.setting.id for state in self.not_taken}
        return not self.plan.held and not any(change.setting.id in wrong for change in self.plan.changes)


def ask_daemon() -> DaemonFacts:
    """The engine that `docker` would use, asked about itself."""
    from lacre.engine import Engine  # noqa: PLC0415 - costs the SDK
    from lacre.engine.daemon import daemon_facts  # noqa: PLC0415

    with Engine() as client:
        return daemon_facts(client)


def audit(root: Root, profile: Profile, ask: AskDaemon | None = ask_daemon) -> Audit:
    """The state of every setting; raises GroundError in a container."""
    told = _facts(root, ask)
    return Audit(
        profile=profile,
        states=states.states(told, profile, SETTINGS),
        silent=told.engine.silent,
        warnings=facts.warnings(told),
    )


def planned(
    root: Root,
    profile: Profile,
    accepted: Collection[str] = (),
    skipped: Collection[str] = (),
    ask: AskDaemon | None = ask_daemon,
) -> Plan:
    """What `apply` would do; raises GroundError in a container or with a broken daemon.json."""
    told = _facts(root, ask)
    return plan.plan(told, profile, states.states(told, profile, _chosen(accepted, skipped)), accepted)


def applied(
    root: Root,
    profile: Profile,
    accepted: Collection[str] = (),
    skipped: Collection[str] = (),
    *,
    reload_engine: bool = False,
    restart_engine: bool = False,
    ask: AskDaemon | None = ask_daemon,
) -> Applied:
    """Plans and carries out; raises GroundError, NotAppliedError, HalfDoneError."""
    _need_root("applying a plan")
    chosen = _chosen(accepted, skipped)
    with applying.session(root) as recovered:
        told = _facts(root, ask)
        made = plan.plan(told, profile, states.states(told, profile, chosen), accepted)
        program = told.engine.program
        restarts = restart_engine and bool(made.restart)
        done = applying.apply(
            root,
            made,
            time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            validate=(lambda file: engine.against(root, program, file)) if program else None,
            restart=engine.restart if restarts else None,
        )
        notes = _reloaded(root, told, made) if reload_engine and not restart_engine else ()
        after = _facts(root, ask)
    return Applied(
        plan=made,
        done=done,
        after=states.states(after, profile, chosen),
        recovered=recovered,
        notes=notes,
        restarted=restarts,
    )


def rolled_back(root: Root, *, force: bool = False) -> Undone:
    """Undoes everything; raises GroundError, HalfDoneError."""
    _need_root("rolling back")
    with applying.session(root) as recovered:
        try:
            done = rollback.rollback(root, force=force)
        except OSError as problem:
            raise GroundError(
                "rolling back",
                f"{problem.filename or 'the journal'}: {problem.strerror}",
                "mend that and run it again: undoing twice does no harm",
            ) from problem
    return replace(
        done,
        restored=(*recovered.restored, *done.restored),
        notes=(*recovered.notes, *done.notes),
        runs=recovered.runs + done.runs,
    )


def _reloaded(root: Root, told: Facts, made: Plan) -> tuple[str, ...]:
    ours = [change.setting for change in made.changes if change.setting.kind is Kind.ENGINE]
    if not any(setting.reload for setting in ours) or not told.engine.running:
        return ()
    problem = engine.reload(root, told.engine.pid)
    return (f"dockerd could not be told to read its file again: {problem}",) if problem else ()


def _facts(root: Root, ask: AskDaemon | None) -> Facts:
    told = facts.read(root, SETTINGS, ask)
    if told.not_a_host:
        raise GroundError(
            "looking at this host",
            f"this is a container: {told.not_a_host}",
            "run lacre host on the host itself: a container's kernel and engine are the host's",
        )
    return told


def _chosen(accepted: Collection[str], skipped: Collection[str]) -> Sequence[Setting]:
    unknown = [name for name in (*accepted, *skipped) if name not in BY_ID]
    if unknown:
        raise UsageError(
            f"choosing settings: {', '.join(unknown)}",
            "there is no setting of that name",
            "lacre host audit names them all",
        )
    return [setting for setting in SETTINGS if setting.id not in skipped]


def _need_root(what: str) -> None:
    if os.geteuid() != 0:
        raise GroundError(what, f"this is uid {os.geteuid()}, and only root may", "run it as root (sudo)")
