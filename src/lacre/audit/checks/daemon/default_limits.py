"""Containers get limits of their own unless they ask for others.

Where the engine gives no default, a container has the limits of the engine itself: often a thousand million open
files, and as many processes. One that leaks takes what the whole host has. A default of -1, or of more than a
million open files, is none.

Mend: Give `default-ulimits` with numbers that servers need.

Example:

    {"default-ulimits": {"nofile": {"Name": "nofile", "Soft": 8192, "Hard": 65536}}}
"""

import re
from collections.abc import Iterator
from typing import Any

from lacre.audit.check import Check
from lacre.audit.checks.daemon.value import as_wanted
from lacre.audit.checks.runtime.descriptor_limit import BOUNDED
from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Severity, Unknown, Word

_KEY = "default-ulimits/nofile"


def daemon(daemon: Daemon) -> Iterator[Word]:
    yield from as_wanted(daemon, _KEY, "containers get the engine's own limits")
    value, _ = daemon.value(_KEY)
    if value is None:
        return
    hard = _hard(value)
    if hard is None:
        yield Unknown(f"{_KEY}: it is no limit that can be read")
    elif not 0 <= hard <= BOUNDED["nofile"]:
        yield Finding(what=f"containers may have any number of open files ({hard})", path=_KEY)


def _hard(limit: Any) -> int | None:
    """The second number, which no container gets over: of an object in the file, of `SOFT:HARD` on the command line,
    where one number is both; None: neither.
    """
    if isinstance(limit, dict):
        number = next((limit[key] for key in limit if key.lower() == "hard"), None)  # as Go reads keys
        return number if isinstance(number, int) else None
    text = str(limit).rpartition(":")[2]
    return int(text) if re.fullmatch(r"-?\d{1,20}", text) else None


CHECK = Check(
    id="LC208",
    name="default-limits",
    doc=__doc__,
    severity=Severity.LOW,
    level=2,
    cis="2.8",
    peers=("docker-bench:2.8",),
    aside=True,
    daemon=daemon,
)
