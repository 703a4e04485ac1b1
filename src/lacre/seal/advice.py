"""The controls together, as the prove loop sees them: how the draft of one service is made, mended, loosened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from lacre.observe import FailureKind, Phase
from lacre.seal import uncovered
from lacre.seal.context import Context
from lacre.seal.controls import capabilities, filesystem, limits, logging, network, privileges, syscalls, user
from lacre.seal.directories import bare, is_byte_code
from lacre.seal.model import CONTROLS, FileSystem, Image, ServiceSeal, User
from lacre.seal.mounts import unwritable
from lacre.seal.prove import ServiceOutcome
from lacre.seal.skipped import missed
from lacre.sensor import Refusal, RefusedBecause

_STARTS = {Phase.START, Phase.SECOND_START, Phase.RECREATED_START}
_LIVED_BEFORE = {Phase.SECOND_START, Phase.SECOND, Phase.CRASH}

Step = Callable[[ServiceSeal, ServiceOutcome], ServiceSeal | None]
"""Gives one thing up after a trial that failed; None: it has nothing to give."""


@dataclass(frozen=True)
class ServiceAdvice:
    """Advice for one service of the target."""

    context: Context

    def draft(self) -> ServiceSeal:
        """The strictest draft, under the first candidate for the user."""
        return self._draft_for(user.candidates(self.context)[0])

    def _draft_for(self, candidate: User) -> ServiceSeal:
        context = self.context
        chosen = user.propose(candidate)
        granted = capabilities.propose(context, chosen)
        gaining = privileges.propose()
        writable = filesystem.closed(
            filesystem.propose(context, chosen), unwritable(context, chosen, granted, gaining)
        )
        return ServiceSeal(
            image=Image(
                reference=context.image.reference,
                layers=context.image.layers,
                architecture=context.image.architecture,
            ),
            user=chosen,
            capabilities=granted,
            filesystem=writable,
            syscalls=syscalls.propose(context, granted),
            privileges=gaining,
            limits=limits.propose(context, writable),
            logging=logging.propose(context),
            network=network.propose(context),
        )

    def same(self, one: ServiceSeal, other: ServiceSeal) -> bool:
        """Whether a twin would run the same under both."""
        return _rules(one) == _rules(other)

    def mend(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal:
        """Each control lifts what is its own; what nobody lifts is stated as left refused."""
        context = self.context
        sized = limits.reaping(draft.limits, outcome)
        gained = privileges.mend(draft.privileges, outcome, context, draft.user, draft.capabilities)
        refusals = limits.of_the_application(outcome.refusals)
        if gained.off and not draft.privileges.off:  # what its programs lack, they may have now
            programs = privileges.gaining(context)
            refusals = tuple(refusal for refusal in refusals if refusal.by not in programs)
        outcome = replace(outcome, refusals=refusals)
        writable = filesystem.mend(draft.filesystem, refusals, context, draft.user)
        granted = capabilities.mend(draft.capabilities, outcome, context, draft.user)
        return self._with_open_mounts(
            draft.model_copy(
                update={
                    "user": user.mend(draft.user, refusals, context),
                    "capabilities": granted,
                    "filesystem": writable,
                    "privileges": gained,
                    "syscalls": syscalls.mend(draft.syscalls, refusals, granted),
                    "limits": limits.covering(
                        limits.mend(sized, refusals, context), writable, draft.filesystem
                    ),
                }
            )
        )

    def _with_open_mounts(self, draft: ServiceSeal) -> ServiceSeal:
        """Mounts are read-only only while nobody could write there: a further grant may change that."""
        may_be = unwritable(self.context, draft.user, draft.capabilities, draft.privileges)
        could_write = set(draft.filesystem.read_only_mounts) - may_be
        if not could_write:
            return draft
        return draft.model_copy(update={"filesystem": filesystem.opened(draft.filesystem, could_write)})

    def answer(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal:
        """Lift what was only asked for: the last question before a phase failed may be why."""
        if self._wants_another_user(draft, outcome) and (other := self._next_user(draft, outcome)):
            return other
        # questions of the phase that failed come before those of the phases that passed
        close = [q for q in outcome.questions if q.phase == outcome.phase] or outcome.questions
        writable = filesystem.mend_questions(draft.filesystem, close, self.context, draft.user)
        return self._with_open_mounts(
            draft.model_copy(
                update={
                    "user": user.mend(draft.user, close, self.context, guessed=True),
                    "syscalls": syscalls.mend(draft.syscalls, close, draft.capabilities),
                    "filesystem": writable,
                    "capabilities": capabilities.widen(draft.capabilities, outcome, self.context, draft.user),
                    "limits": limits.covering(draft.limits, writable, draft.filesystem),
                }
            )
        )

    def _wants_another_user(self, draft: ServiceSeal, outcome: ServiceOutcome) -> bool:
        """A program that ends by itself as this user, and was refused nothing, has looked who it is."""
        in_phase = any(question.phase == outcome.phase for question in outcome.questions)
        ended = outcome.how is FailureKind.ENDED and outcome.phase in _STARTS
        return not draft.user.root and ended and not in_phase and not outcome.refusals

    def reject(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        """Another user where this one loses what the application did: another identity, a path outside the image."""
        if draft.user.root:
            return None
        lost = next((refusal for refusal in outcome.refusals if self._loses(refusal)), None)
        if lost is not None:
            return self._next_user(draft, outcome, user.why_another(draft.user, lost, self.context))
        unwritten = missed(outcome, self.context)
        if not unwritten:
            return None
        path, by = min(unwritten.items())
        why = f"as {draft.user.user} nobody writes {path}, which root writes and {by} uses"
        # whoever is not root leaves the same out
        return self._next_user(draft, outcome, why, lambda other: other.root)

    def _loses(self, refusal: Refusal) -> bool:
        """Whether root would not have been refused this; a write into the image is refused to everybody."""
        if refusal.because is RefusedBecause.CAPABILITY:
            return True
        denied = refusal.because is RefusedBecause.PERMISSION and refusal.writing
        return denied and self.context.is_mounted(self.context.real(refusal.what))

    def named(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        """Give up what was refused in the failed phase by name."""
        close = tuple(refusal for refusal in outcome.refusals if refusal.phase == outcome.phase)
        outcome = replace(outcome, refusals=close)
        return next(
            (looser for step in self._by_name() if (looser := step(draft, outcome)) is not None), None
        )

    def _by_name(self) -> tuple[Step, ...]:
        """What refused paths name, cheapest first."""
        return (
            self._cover_again,
            self._other_user_for_foreign_paths,
            self._writable_root_for_named_paths,
        )

    def loosen(self, draft: ServiceSeal, outcome: ServiceOutcome) -> tuple[int, ServiceSeal] | None:
        """The cheapest thing to give up next. The steps' order is their price."""
        steps: tuple[Step, ...] = (
            self._no_init,
            self._limits_that_the_engine_refuses,
            self._privileges_that_were_gained,
            self._keep_over_restart,
            *self._by_name(),
            self._writable_mounts,
            self._unmake,
            self._uncover,
            self._next_user,
            self._docker_seccomp,
            self._new_privileges,
            self._no_limits,
            self._writable_root,
            self._unmount,
            self._base_capabilities,
        )
        for price, step in enumerate(steps):
            looser = step(draft, outcome)
            if looser is not None:
                return price, looser
        return None

    def removable(self, draft: ServiceSeal, outcome: ServiceOutcome) -> tuple[str, ...]:
        """What may be needless: capabilities without a counted refusal, controls given up, questions."""
        doubtful = capabilities.doubtful(draft.capabilities, outcome)
        strict = self._draft_for(draft.user)
        shown = set() if draft.privileges.guessed else {privileges.NAME}
        given_up = [
            name
            for name in (syscalls.NAME, privileges.NAME, limits.NAME, filesystem.NAME, capabilities.NAME)
            if getattr(draft, name).off and not getattr(strict, name).off and name not in shown
        ]
        asked = [grant.what for grant in draft.filesystem.grants if grant.guessed]
        shut = self._could_be_shut(draft, strict)
        groups = [grant.what for grant in draft.user.grants if grant.guessed]
        return (
            *(f"capability {name}" for name in doubtful),
            *(f"control {name}" for name in given_up),
            *groups,
            *(f"directory {path}" for path in asked),
            *(f"bare {path}" for path in bare(draft.filesystem)),
            *(f"mount {target}" for target in shut),
            *(["init"] if self._could_have_init(draft) else []),
        )

    def _could_have_init(self, draft: ServiceSeal) -> bool:
        """Whether the init was given up without anything that tells why."""
        return any(grant.what == limits.NO_INIT and grant.guessed for grant in draft.limits.grants)

    def _could_be_shut(self, draft: ServiceSeal, strict: ServiceSeal) -> list[str]:
        """Mounts that were given up without a refusal that names them."""
        named = {grant.what for grant in draft.filesystem.grants if not grant.guessed}
        may_be = unwritable(self.context, draft.user, draft.capabilities, draft.privileges)
        open_now = set(strict.filesystem.read_only_mounts) - set(draft.filesystem.read_only_mounts)
        return sorted((open_now & may_be) - named)

    def without(self, draft: ServiceSeal, items: frozenset[str]) -> ServiceSeal:
        """The draft with capabilities taken away and controls put back."""
        names = [item.removeprefix("capability ") for item in items if item.startswith("capability ")]
        update: dict[str, object] = {
            "capabilities": capabilities.without(draft.capabilities, names),
            "user": user.without(draft.user, items),
        }
        if "init" in items:
            update[limits.NAME] = limits.with_init(draft.limits, self.context)
        strict = self._draft_for(draft.user)
        writable = draft.filesystem
        for item in sorted(items):
            kind, _, name = item.partition(" ")
            if kind == "directory":
                writable = filesystem.without(writable, name)
            elif kind == "mount":
                writable = filesystem.closed(writable, {name})
            elif kind == "bare":
                writable = uncovered.covered(writable, name, self.context, draft.user)
            elif kind == "control" and name == filesystem.NAME:
                writable = filesystem.restored(writable)
            elif kind == "control" and name == capabilities.NAME:
                update[name] = capabilities.restored(draft.capabilities)
            elif kind == "control":
                update[name] = getattr(strict, name)
        return draft.model_copy(update={**update, "filesystem": writable})

    # ---- what can be given up, cheapest first ------------------------------------------------------

    def _no_init(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        """It changes who is process 1, so whatever fails may be its fault: a stop that ends otherwise above all."""
        del outcome
        if not draft.limits.init:
            return None
        return draft.model_copy(
            update={"limits": limits.without_init(draft.limits, _UNEXPLAINED, guessed=True)}
        )

    def _limits_that_the_engine_refuses(
        self, draft: ServiceSeal, outcome: ServiceOutcome
    ) -> ServiceSeal | None:
        """A container that the engine does not even start: no refusal can tell why, but the engine's words do."""
        if draft.limits.off or outcome.how is not FailureKind.NOT_STARTED:
            return None
        reason = f"the engine refuses: {outcome.failed}"[:500]
        return draft.model_copy(update={"limits": limits.given_up(reason)})

    def _privileges_that_were_gained(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        """A set-ID program tells nobody that it gained nothing: it ends, or waits for ever."""
        programs = sorted(privileges.gaining(self.context))
        if draft.privileges.off or not programs or not outcome.failed:
            return None
        reason = f"{_UNEXPLAINED}; the application runs set-ID programs: {', '.join(programs)}"
        return draft.model_copy(update={"privileges": privileges.given_up(reason)})

    def _keep_over_restart(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        if outcome.phase not in _LIVED_BEFORE:
            return None
        return _writing(draft, filesystem.kept(draft.filesystem, self.context))

    def _other_user_for_foreign_paths(
        self, draft: ServiceSeal, outcome: ServiceOutcome
    ) -> ServiceSeal | None:
        """A path that belongs to somebody else was refused: only another user helps."""
        close = [question for question in outcome.questions if question.phase == outcome.phase]
        foreign = [r for r in (*outcome.refusals, *close) if self._is_foreign(r, draft)]
        if draft.user.root or not foreign:
            return None
        why = user.why_another(draft.user, foreign[0], self.context)
        return self._next_user(
            draft,
            outcome,
            why,
            lambda other: not all(self._is_refused_too(refusal, other) for refusal in foreign),
        )

    def _is_refused_too(self, refusal: Refusal, other: User) -> bool:
        """Whether another user would surely be refused the same; of mounts the image does not tell."""
        if other.root or not refusal.writing or self.context.is_mounted(self.context.real(refusal.what)):
            return False
        return self._belongs_to_another(refusal, other)

    def _is_foreign(self, refusal: Refusal, draft: ServiceSeal) -> bool:
        if is_byte_code(refusal.what):
            return False
        if refusal.because is RefusedBecause.PERMISSION:
            return True
        return refusal.because is RefusedBecause.READ_ONLY and self._belongs_to_another(refusal, draft.user)

    def _belongs_to_another(self, refusal: Refusal, who: User) -> bool:
        """Whether the image has a path, or the directory that holds it, as somebody else's own."""
        entry = self.context.entry(refusal.what) or self.context.entry(refusal.what.rpartition("/")[0] or "/")
        uid, gid = who.ids or (refusal.uid, 0)
        if entry is None or (entry.mode & 0o020 and gid and entry.gid == gid):
            return False
        return entry.uid != uid and not entry.mode & 0o002

    def _writable_root_for_named_paths(
        self, draft: ServiceSeal, outcome: ServiceOutcome
    ) -> ServiceSeal | None:
        paths = sorted(
            self.context.real(r.what)
            for r in outcome.refusals
            if r.because is RefusedBecause.READ_ONLY and r.writing
        )
        stated = {left.what: left.reason for left in draft.filesystem.left}
        named = [path for path in paths if path in stated]
        if draft.filesystem.off or not named:
            return None
        reason = f"it must write {named[0]}: {stated[named[0]]}"
        return draft.model_copy(update={"filesystem": filesystem.given_up(draft.filesystem, reason)})

    def _writable_mounts(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        closed = draft.filesystem.read_only_mounts
        if not closed:
            return None
        return draft.model_copy(update={"filesystem": filesystem.opened(draft.filesystem, closed)})

    def _unmake(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        return _writing(draft, uncovered.unmake(draft.filesystem, self.context))

    def _uncover(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        return _writing(draft, uncovered.uncover(draft.filesystem, self.context))

    def _cover_again(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        """Mounts taken away for nothing: what is below them is refused now, and the service fails still."""
        if draft.filesystem.off:
            return None
        writable = uncovered.cover_again(draft.filesystem, outcome.refusals, self.context, draft.user)
        return _writing(draft, writable)

    def _next_user(
        self,
        draft: ServiceSeal,
        outcome: ServiceOutcome,
        why: str = "",
        fits: Callable[[User], bool] = lambda _: True,
    ) -> ServiceSeal | None:
        """The next candidate that fits; root says why the one before would not do."""
        if not why and outcome.failed:
            ends = "ends by itself" if outcome.how is FailureKind.ENDED else "fails"
            why = f"as {draft.user.user} it {ends} ({outcome.phase})"
        candidates = user.candidates(self.context)
        tried = [candidate.user for candidate in candidates].index(draft.user.user)
        candidate = next((other for other in candidates[tried + 1 :] if fits(other)), None)
        if candidate is None:
            return None
        looser = self._draft_for(user.because(candidate, why) if candidate.root and why else candidate)
        if not draft.filesystem.off:
            return looser
        # What this user bears of it the search for what is needless tries.
        writable = uncovered.as_bare(looser.filesystem, draft.filesystem)
        return _writing(looser, filesystem.given_up(writable, draft.filesystem.off))

    def _docker_seccomp(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        if draft.syscalls.off:
            return None
        return draft.model_copy(update={"syscalls": syscalls.given_up(draft.syscalls, _UNEXPLAINED)})

    def _new_privileges(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        if draft.privileges.off:
            return None
        return draft.model_copy(update={"privileges": privileges.given_up(_UNEXPLAINED)})

    def _no_limits(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        if draft.limits.off:
            return None
        return draft.model_copy(update={"limits": limits.given_up(_UNEXPLAINED)})

    def _writable_root(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        if draft.filesystem.off:
            return None
        return _writing(draft, filesystem.given_up(draft.filesystem, _UNEXPLAINED))

    def _unmount(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        return _writing(draft, uncovered.unmount(draft.filesystem))

    def _base_capabilities(self, draft: ServiceSeal, outcome: ServiceOutcome) -> ServiceSeal | None:
        del outcome
        if draft.capabilities.off or not draft.user.root:
            return None
        return draft.model_copy(
            update={"capabilities": capabilities.given_up(draft.capabilities, _UNEXPLAINED)}
        )


_UNEXPLAINED = "the exercise fails with it, and no refusal tells why"


def _writing(draft: ServiceSeal, writable: FileSystem | None) -> ServiceSeal | None:
    """The draft with another setting of its file system; None where there is none."""
    return None if writable is None else draft.model_copy(update={"filesystem": writable})


_SAYS_ONLY = {"grants", "left", "off", "defeated", "files"}  # fields of a setting that a twin does not feel


def _rules(seal: ServiceSeal) -> dict[str, object]:
    return {name: getattr(seal, name).model_dump(exclude=_SAYS_ONLY) for name in CONTROLS}
