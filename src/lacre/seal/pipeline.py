"""`lacre seal` and `lacre verify` from end to end: twin → observe → derive → prove → files.

The one place where engine, sensor, life cycle and prove loop meet; everything that decides is elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lacre.attacks import ATTACKS, Attack, Attacked, Comparison, Verdict
from lacre.engine import Compose, Engine, Project
from lacre.errors import EngineError, NotProvedError, TargetError
from lacre.observe import Run
from lacre.seal.advice import ServiceAdvice
from lacre.seal.attacking import attacked, compared, no_longer_stopped, stopped
from lacre.seal.changes import changes
from lacre.seal.completeness import completeness
from lacre.seal.judge import judge
from lacre.seal.model import CONTROLS, Grant, Seal, ServiceSeal
from lacre.seal.output import Sealed, render_files
from lacre.seal.prove import Outcome, prove
from lacre.seal.stated import stated
from lacre.seal.twins import Options, Progress, Twins


@dataclass(frozen=True)
class Verification:
    """What proving an existing seal again showed. `again`: attacks that it had stopped and does not stop now."""

    works: bool
    changed: tuple[str, ...] = ()
    new: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)
    unused: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
    again: Mapping[str, tuple[Verdict, ...]] = field(default_factory=dict)


def seal_project(
    engine: Engine, compose: Compose, project: Project, options: Options, progress: Progress
) -> Sealed:
    """Observe, derive and prove. Nothing is written. Raises TargetError, NotProvedError and what the edge raises."""
    began = time.monotonic()
    with Twins(engine, compose, project, options, progress) as twins:
        progress.stage("observing", twins.services)
        baseline = twins.run(None, name="baseline", baseline=None)
        if not baseline.works:
            raise _does_not_work(baseline, twins.warnings)
        observed = time.monotonic()
        progress.stage("deriving", twins.services)
        contexts = twins.contexts(baseline)
        advice = {name: ServiceAdvice(context) for name, context in contexts.items()}
        progress.stage("proving", twins.services)

        known: Mapping[str, ServiceSeal] = {}  # the last drafts that worked, until then the last ones tried
        worked = False

        def trial(batch: Sequence[Mapping[str, ServiceSeal]], made: int) -> list[Outcome]:
            nonlocal known, worked
            for number, drafts in enumerate(batch, made + 1):
                for name, draft in drafts.items():
                    if text := changes(known.get(name), draft):
                        progress.tell(name, f"trial {number}: {text}")
            runs = twins.run_side_by_side(batch, first=made + 1, baseline=baseline)
            outcomes = [judge(run, baseline, drafts) for run, drafts in zip(runs, batch, strict=True)]
            for outcome in outcomes:
                twins.report(outcome)
            working = [drafts for drafts, outcome in zip(batch, outcomes, strict=True) if outcome.works]
            if working:
                known, worked = working[0], True
            elif not worked:
                known = batch[-1]
            return outcomes

        proof = prove(advice, trial, side_by_side=options.jobs)
        if proof.drafts is None or proof.outcome is None:
            raise NotProvedError(
                f"proving a seal for {project.name}, in {proof.trials} trials",
                "; ".join(proof.failures)[:4000] or "no draft worked",
                "nothing was written; look at the last failure, or keep a twin with --keep-twin",
            )
        services = {
            name: stated(draft, proof.outcome.services[name], contexts[name]).model_copy(
                update={"completeness": completeness(baseline, contexts[name])}
            )
            for name, draft in proof.drafts.items()
        }
        for name in services:
            progress.tell(name, "proved", done=True)
        proved = time.monotonic()
        attacks = None
        if options.attack:
            progress.stage("attacking", twins.services)
            try:
                attacks = compared(twins, services, baseline)
            except (EngineError, TargetError) as problem:  # what is proved is proved
                twins.warnings.append(f"the attacks could not be tried: {problem.tried}: {problem.happened}")
            else:
                services = {
                    name: sealed.model_copy(update={"stopped": stopped(attacks.after, name)})
                    for name, sealed in services.items()
                }
        seal = twins.seal(services, proof.trials)
        ended = time.monotonic()
        own = twins.own_seconds
        seconds = {
            "observing": observed - began,
            "proving": proved - observed,
            **({"attacking": ended - proved} if options.attack else {}),
            "total": ended - began,
            "starts and exercises": own,
            "orchestration": proved - began - own,
        }
        return Sealed(seal, project, twins.said(baseline, services), proof.trials, seconds, attacks)


def verify_seal(
    engine: Engine, compose: Compose, project: Project, seal: Seal, options: Options, progress: Progress
) -> Verification:
    """Prove an existing seal again: one baseline, one trial."""
    with Twins(engine, compose, project, options, progress) as twins:
        progress.stage("observing", twins.services)
        baseline = twins.run(None, name="baseline", baseline=None)
        if not baseline.works:
            raise _does_not_work(baseline, twins.warnings)
        contexts = twins.contexts(baseline)
        known = {name: sealed for name, sealed in seal.services.items() if name in contexts}
        missing = tuple(
            f"{name}: is not in the project any more" for name in seal.services if name not in contexts
        )
        progress.stage("proving", twins.services)
        run = twins.run(known, name="trial 1", baseline=baseline)
        outcome = judge(run, baseline, known)
        twins.report(outcome)
        new: dict[str, tuple[Grant, ...]] = {}
        unused: dict[str, tuple[Grant, ...]] = {}
        for name, sealed in known.items():
            advice = ServiceAdvice(contexts[name])
            mended = advice.mend(sealed, outcome.services[name])
            if not advice.same(sealed, mended):
                new[name] = _grants(mended, beyond=sealed) or changed_controls(mended, sealed)
            fresh = {grant.what for grant in _grants(advice.draft())}
            unused[name] = tuple(grant for grant in sealed.filesystem.grants if grant.what not in fresh)
        again = {}
        if options.attack and outcome.works:
            progress.stage("attacking", twins.services)
            again = no_longer_stopped(known, attacked(twins, known, ATTACKS, baseline=baseline))
        changed = (*missing, *twins.changes(seal))
        works = outcome.works and not new and not missing
        return Verification(
            works, changed, new, {n: g for n, g in unused.items() if g}, outcome.failures, again
        )


def attack_project(
    engine: Engine,
    compose: Compose,
    project: Project,
    seal: Seal | None,
    options: Options,
    attacks: Sequence[Attack],
    progress: Progress,
) -> Comparison | Attacked:
    """Attack a twin as the project is, and one under the seal if there is one. Raises what the edge raises."""
    with Twins(engine, compose, project, options, progress) as twins:
        progress.stage("attacking", twins.services)
        before = attacked(twins, None, attacks)
        if seal is None:
            return before
        known = {name: sealed for name, sealed in seal.services.items() if name in twins.services}
        return Comparison(before=before, after=attacked(twins, known, attacks))


def _grants(seal: ServiceSeal, beyond: ServiceSeal | None = None) -> tuple[Grant, ...]:
    before = set(_grants(beyond)) if beyond is not None else set()
    found = (
        *seal.user.grants, *seal.capabilities.grants, *seal.filesystem.grants, *seal.syscalls.grants,
    )  # fmt: skip
    return tuple(grant for grant in found if grant not in before)


def changed_controls(mended: ServiceSeal, sealed: ServiceSeal) -> tuple[Grant, ...]:
    """The controls whose settings differ, where that is no new grant: a limit that was hit, a mount opened again."""
    return tuple(
        Grant(what=control, reason="what the seal sets is not enough any more")
        for control in CONTROLS
        if getattr(mended, control) != getattr(sealed, control)
    )


def _does_not_work(baseline: Run, warnings: Sequence[str]) -> TargetError:
    texts = "; ".join(
        f"{f.phase}{f' ({f.service})' if f.service else ''}: {f.text}" for f in baseline.failures
    )
    return TargetError(
        "running a copy of the project as it is, without any seal",
        "\n".join(
            [texts[:4000], *(f"not as in the project: {warning}" for warning in dict.fromkeys(warnings))]
        ),
        "make the project and its exercise pass without a seal first (an exercise reaches the copy by LACRE_WEB_80 and"
        " the like, not by published ports; the copy reaches nothing outside but what --allow-egress names); nothing"
        " was written",
    )


__all__ = [
    "Options", "Progress", "Sealed", "Verification", "attack_project", "render_files", "seal_project", "verify_seal",
]  # fmt: skip
