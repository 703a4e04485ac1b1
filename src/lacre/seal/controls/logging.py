"""Log rotation where the project sets none, and the log files that stay inside the container, by name."""

from __future__ import annotations

from lacre.seal.context import Context, is_below
from lacre.seal.model import Grant, Logging
from lacre.sensor import Write

NAME = "logging"

# docs.docker.com, "Configure logging drivers": json-file rotates only when told so; local does by itself
ROTATION = {"json-file": {"max-size": "10m", "max-file": "5"}}
MOST_FILES = 20


def propose(context: Context) -> Logging:
    """Rotation for the engine's own driver, unless the base chose a driver or options."""
    files = sorted(
        {
            fact.path
            for fact in context.profile.of(Write)
            if (fact.path.endswith(".log") or is_below(fact.path, "/var/log")) and fact.filesystem != "proc"
        }
    )[:MOST_FILES]
    options = ROTATION.get(context.logging_driver, {})
    if context.service.logging or not options:
        return Logging(files=tuple(files))
    grant = Grant(
        what=context.logging_driver, reason="the engine's driver keeps every line for ever otherwise"
    )
    return Logging(driver=context.logging_driver, options=options, files=tuple(files), grants=(grant,))
