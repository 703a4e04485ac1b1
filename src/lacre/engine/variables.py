"""The variables of an exercise (docs/exercise.md): which service has which, and which cannot have one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

from lacre.engine.twin_config import Warned

_OWN = frozenset({"LACRE_PROJECT", "LACRE_PHASE", "LACRE_EXERCISE"})


def variables(
    project: str, phase: str, services: Mapping[str, tuple[str, tuple[str, ...]]]
) -> dict[str, str]:
    """LACRE_PROJECT, LACRE_PHASE, LACRE_WEB and LACRE_WEB_80=address:port.

    `services`: the address of each (empty: none) and its ports (`tcp/80`). What two services would have is
    given to neither, lacre's own names to no service, and the name of a service is no port of another.
    """
    times = Counter(map(_name, services))
    found: dict[str, str] = {}
    for service, (address, ports) in services.items():
        name = _name(service)
        if times[name] > 1:
            continue
        for port in ports if address else ():
            number = port.rpartition("/")[2]
            if f"{name}_{number}" not in times:
                found[f"{name}_{number}"] = f"{address}:{number}"
        if name not in _OWN:
            found[name] = address
    return {**found, "LACRE_PROJECT": project, "LACRE_PHASE": phase}


def collisions(services: Iterable[str]) -> tuple[Warned, ...]:
    """What an exercise has not got, or may take for something else, because of how services are called."""
    by_name: dict[str, list[str]] = {}
    for service in services:
        by_name.setdefault(_name(service), []).append(service)
    found = []
    for name, called in by_name.items():
        if name in _OWN:
            found.append(Warned(called[0], f"an exercise does not get its address: {name} is lacre's own"))
        elif len(called) > 1:
            others = " and ".join(called[1:])
            found.append(
                Warned(called[0], f"an exercise does not get {name}: it would be that of {others} too")
            )
        before, _, number = name.rpartition("_")
        if number.isdecimal() and before in by_name:
            other = by_name[before][0]
            found.append(
                Warned(
                    called[0], f"{name} is its address in an exercise, and never the port {number} of {other}"
                )
            )
    return tuple(found)


def _name(service: str) -> str:
    return "LACRE_" + re.sub(r"[^A-Z0-9]", "_", service.upper())
