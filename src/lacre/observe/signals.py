"""Which signals a service is sent while it works: those of administrators that it catches, and bears without a seal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lacre.engine import Container, Engine
from lacre.observe.plan import Plan

SIGNALS = ("HUP", "USR1", "USR2")


def to_send(engine: Engine, containers: Iterable[Container], plan: Plan) -> Mapping[str, tuple[str, ...]]:
    """By service: what the baseline was sent and survived; in the baseline what the application has a handler for."""
    if plan.baseline is not None:
        return {service: signals for service, signals in plan.baseline.signals.items() if signals}
    caught: dict[str, tuple[str, ...]] = {}
    for container in containers:
        if pid := engine.application_pid(container.id):
            known = engine.caught_signals(pid)
            caught[container.service] = tuple(
                signal
                for signal in SIGNALS
                if signal in known and (container.service, signal) not in plan.not_borne
            )
    return {service: signals for service, signals in caught.items() if signals}
