"""The same reports for programs: JSON whose keys are the models' own names."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from typing import Any

from pydantic import BaseModel

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
        result = {name: plain(getattr(value, name)) for name in type(value).model_fields}
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
        }
    )


def verified(report: VerifiedReport) -> str:
    """The result of `lacre verify`."""
    return dumps({"version": 1, "verdict": report.verdict, **plain(report)})


def ground(checks: Sequence[Check]) -> str:
    """The result of `lacre doctor`."""
    return dumps({"version": 1, "ready": ready(checks), "checks": checks})
