"""What several checks of the engine ask in the same way: one key of its configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lacre.audit.facts.daemon import Daemon
from lacre.audit.model import Finding, Unknown, Word


def as_wanted(daemon: Daemon, key: str, what: str) -> Iterator[Word]:
    """A finding where the value in force is not the one that the table of `lacre host` wants of a container host."""
    from lacre.host import jsontext  # noqa: PLC0415 - every audit imports the checks
    from lacre.host.model import Kind, Profile  # noqa: PLC0415
    from lacre.host.settings import SETTINGS  # noqa: PLC0415

    setting = next(one for one in SETTINGS if one.kind is Kind.ENGINE and one.key == key)
    wanted = setting.wanted[Profile.CONTAINER_HOST]

    def bad(value: Any) -> bool:
        held = setting.default.value or "null" if value is None else jsontext.compact(value)
        return not wanted.accepts(held)

    yield from judged(daemon, key, bad, what)


def judged(daemon: Daemon, key: str, bad: Callable[[Any], bool], what: str) -> Iterator[Word]:
    """A finding where the value in force is bad; None is the engine's default, which `bad` knows."""
    value, why = daemon.value(key)
    if why:
        yield Unknown(f"{key}: {why}")
    elif bad(value):
        yield Finding(what=what, path=key)
