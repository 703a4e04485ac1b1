"""The attack step: the same attacks on a twin as the project is, and on one under its seal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lacre.attacks import (
    ATTACKS,
    ENDED,
    VOLUME,
    Attack,
    Attacked,
    Comparison,
    Result,
    Verdict,
    Victims,
    attack_twin,
    program,
    staged,
    tally,
)
from lacre.engine import Twin, TwinOptions
from lacre.errors import TargetError
from lacre.observe import Plan, Run, start_watched
from lacre.seal.model import ServiceSeal
from lacre.seal.twins import Twins
from lacre.sensor import Sensor


def compared(twins: Twins, drafts: Mapping[str, ServiceSeal], baseline: Run) -> Comparison:
    """The attacks on a twin as the project is and on one under the proved drafts."""
    return Comparison(
        before=attacked(twins, None, ATTACKS, baseline=baseline),
        after=attacked(twins, drafts, ATTACKS, baseline=baseline),
    )


def stopped(found: Attacked, service: str) -> tuple[str, ...]:
    """The attacks that this service's seal is seen to stop, by identifier."""
    return tuple(sorted(v.attack.id for v in found.verdicts.get(service, ()) if v.result is Result.STOPPED))


def no_longer_stopped(seals: Mapping[str, ServiceSeal], found: Attacked) -> dict[str, tuple[Verdict, ...]]:
    """By service, the attacks that its seal had stopped and that now work, or of which nothing can be told."""
    return {
        service: again
        for service, verdicts in found.verdicts.items()
        if (
            again := tuple(
                verdict
                for verdict in verdicts
                if service in seals
                and verdict.attack.id in seals[service].stopped
                and (verdict.result in {Result.WORKED, Result.ERROR} or verdict.reason == ENDED)
            )
        )
    }


def attacked(
    twins: Twins,
    drafts: Mapping[str, ServiceSeal] | None,
    attacks: Sequence[Attack],
    *,
    baseline: Run | None = None,
) -> Attacked:
    """Attack a new twin under drafts (None: as the base is), made for nothing else.

    `drafts` says which services are sealed; those that `twins` was told of are attacked. Raises TargetError
    when the twin does not start.
    """
    tool = program()
    project, config = staged(twins.project, twins.config(drafts))
    options = TwinOptions(allow_egress=twins.egress, allow_host=twins.options.allow_host)
    plan = Plan(
        project=project,
        exercises=(),
        ready_timeout=twins.options.ready_timeout,
        exercise_timeout=twins.options.exercise_timeout,
        baseline=baseline,
    )
    with (
        Sensor(refusals=True, first_ids=twins.info.first_ids) as sensor,
        Twin(twins.engine, twins.compose, project, config, options) as twin,
    ):
        twin.create()
        twin.bring(VOLUME, tool)
        failures = start_watched(twins.engine, twin, sensor, plan)
        if failures:
            texts = "; ".join(f"{f.service or 'the project'}: {f.text}" for f in failures)
            raise TargetError(
                "starting a twin to attack it",
                texts[:4000],
                "see whether it works unattacked: lacre verify"
                if drafts
                else "make it start without a seal first",
            )
        victims = Victims(
            images={
                name: twins.engine.image(twins.project.services[name].image, pull=False)
                for name in twins.services
            },
            needed={name: _needed(drafts[name]) for name in twins.services if drafts and name in drafts},
            closed=not twins.options.allow_egress,
        )
        side = "as it is" if drafts is None else "under the seal"
        found = attack_twin(
            twins.engine,
            twin,
            sensor,
            victims,
            attacks,
            lambda service: twins.progress.tell(service, f"{side}: {len(attacks)} attacks"),
        )
    for service, verdicts in found.verdicts.items():
        counted = tally(verdicts)
        twins.progress.tell(
            service, f"{side}: {counted.stopped}/{counted.applicable} stopped", done=drafts is not None
        )
    return found


def _needed(seal: ServiceSeal) -> dict[str, tuple[int, ...]]:
    """TCP ports of other services that the observed service spoke to, by service."""
    found: dict[str, tuple[int, ...]] = {}
    for reached in seal.network.reaches:
        service, _, port = reached.partition(":")
        protocol, _, number = port.partition("/")
        if protocol == "tcp" and number.isdecimal():
            found[service] = (*found.get(service, ()), int(number))
    return found
