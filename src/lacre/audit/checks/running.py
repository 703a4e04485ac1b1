"""What several checks say of running containers and of images in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lacre.audit.checks.common import secret
from lacre.audit.facts.container import Container
from lacre.audit.model import Finding, Word
from lacre.capabilities import CAPABILITIES, capability_name

if TYPE_CHECKING:
    from lacre.engine.census import Process

_NAMED = 3
UNREADABLE = "only root may read this of a process"
"""Why something of /proc is not known to an ordinary user, in the group of the engine or not."""


def security_options(container: Container) -> list[tuple[str, str]]:
    """The names and values of a container's `--security-opt`, which the engine takes with `=` and with `:`."""
    parts = (re.split("[=:]", option, maxsplit=1) for option in container.security_opt)
    return [(name, value[0] if value else "") for name, *value in parts]


def called(processes: Iterable[Process]) -> str:
    """Processes by name, the first few: `nginx, php-fpm and 3 more`. No numbers, which change at every start."""
    names = sorted({process.name for process in processes})
    return several(names)


def several(names: Iterable[str]) -> str:
    """The first few of some names, and how many more."""
    all_of_them = list(names)
    more = len(all_of_them) - _NAMED
    return ", ".join(all_of_them[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def names_of(mask: int) -> tuple[str, ...]:
    """The capabilities of a mask."""
    return tuple(capability_name(number) for number in range(64) if mask >> number & 1)


def every_capability(mask: int) -> bool:
    """Whether a mask holds all that this table knows but the newest, which an older kernel has not."""
    old = (1 << CAPABILITIES.index("PERFMON")) - 1
    return mask & old == old


def in_reach(process: Process) -> int:
    """The capabilities that a process has, or gets by starting a set-uid program."""
    return process.capabilities | (0 if process.no_new_privileges else process.bounding)


def shares(container: Container, kind: str, configured: str, what: str) -> Iterator[Word]:
    """A finding where a namespace is the host's: as the kernel has it, or as it was configured."""
    seen = container.inside.shared if container.inside is not None else None
    if configured == "host" or kind in (seen or ()):
        yield Finding(what=what, path=kind)
    elif seen is None and configured.startswith("container:"):
        yield container.untold


def secrets_of(pairs: Iterable[tuple[str, str]], where: str) -> Iterator[Word]:
    """A finding for each name whose value looks like a secret."""
    for name, value in pairs:
        found = secret(name, value, where)
        if found is not None:
            yield replace(found, path=f"{where} {name}")
