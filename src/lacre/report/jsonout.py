"""The same reports for programs: JSON whose keys are the models' own names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

from lacre.attacks.model import Attack, Attacked, Verdict, tally
from lacre.report import attack_view
from lacre.report import seal_view as view
from lacre.report.ground import Check, ready
from lacre.report.sealed import SealedReport
from lacre.report.verified import VerifiedReport


def dumps(value: Any) -> str:
    """Any model of lacre as JSON: sets sorted, names as they are; bytes that are no UTF-8 stay `\\udcNN`."""
    return json.dumps(plain(value), indent=2) + "\n"


def plain(value: Any) -> Any:
    """Models, data classes, sets, enumerations and paths as what JSON has."""
    result = value
    if isinstance(value, BaseModel):
        written = (name for name, field in type(value).model_fields.items() if not field.exclude)
        result = {name: plain(getattr(value, name)) for name in written}
    elif is_dataclass(value) and not isinstance(value, type):
        result = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    elif isinstance(value, Mapping):
        result = {str(key): plain(item) for key, item in value.items()}
    elif isinstance(value, frozenset | set):
        result = sorted(plain(item) for item in value)
    elif isinstance(value, list | tuple):
        result = [plain(item) for item in value]
    elif isinstance(value, Enum):
        result = value.value
    elif isinstance(value, PurePath):
        result = str(value)
    return result


def sealed(report: SealedReport) -> str:
    """The result of `lacre seal`."""
    return dumps(
        {
            "version": 1,
            "whole": not view.controls_off(report.seal),
            "off": view.controls_off(report.seal),
            "seal": report.seal,
            "syscalls_refused": {
                name: view.refused_share(service) for name, service in report.seal.services.items()
            },
            "warnings": report.warnings,
            "trials": report.trials,
            "seconds": report.spent,
            "files": report.files,
            "written": report.written,
            "next": report.next_command,
            **(attacked(report.attacks) if report.attacks else {}),
        }
    )


def verified(report: VerifiedReport) -> str:
    """The result of `lacre verify`."""
    again = {
        service: {verdict.attack.id: _verdict(verdict) for verdict in verdicts}
        for service, verdicts in report.again.items()
    }
    said = plain(replace(report, again={}))
    return dumps({"version": 1, "verdict": report.verdict, **said, "again": again})


def ground(checks: Sequence[Check]) -> str:
    """The result of `lacre doctor`."""
    return dumps({"version": 1, "ready": ready(checks), "checks": checks})


def attacks(tried: attack_view.Tried) -> str:
    """The result of `lacre attack`; what `attacked` says."""
    return dumps({"version": 1, **attacked(tried)})


def attack_names(known: Sequence[Attack]) -> str:
    """The result of `lacre attack --list`: what is said of each attack, by its identifier."""
    return dumps({"version": 1, "attacks": {attack.id: _attack(attack) for attack in known}})


def attacked(tried: attack_view.Tried) -> dict[str, Any]:
    """Attacks as part of a larger result.

    `attacks` describes each attack once, by its identifier. `sides` is what was attacked (`before` and `after`,
    or `now`): for each service its counts, its verdicts by the attacks' identifiers with the steps taken, and
    the seconds that all of it took; and how the host and a neighbour answered meanwhile, by attack.
    """
    sides = attack_view.sides(tried)
    known = {
        verdict.attack.id: verdict.attack
        for side in sides.values()
        for verdicts in side.verdicts.values()
        for verdict in verdicts
    }
    return {
        "attacks": {id: _attack(attack) for id, attack in known.items()},
        "sides": {label: _side(side) for label, side in sides.items()},
    }


def _attack(attack: Attack) -> dict[str, Any]:
    shown = ("title", "group", "technique", "control", "by_design", "sign", "mend")
    return {name: plain(getattr(attack, name)) for name in shown}


def _side(side: Attacked) -> dict[str, Any]:
    return {
        "services": {
            service: {
                "tally": plain(tally(verdicts)),
                "seconds": side.seconds.get(service),
                "verdicts": {verdict.attack.id: _verdict(verdict) for verdict in verdicts},
            }
            for service, verdicts in side.verdicts.items()
        },
        "answering": plain(side.answering),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {name: plain(getattr(verdict, name)) for name in ("result", "errno", "by", "reason", "steps")}
