"""The main processes killed from the host, as a crash would end them: does the engine start them again?

Not by `docker kill`, which disarms the restart policy until the next start (moby, 20.10).
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from lacre.engine import Container, Engine

RESTARTING = ("always", "unless-stopped", "on-failure")  # policies that act on a process that was killed
BACK_WITHIN = 15.0  # seconds: the engine waits for 0.1 s, and doubles that at each crash
POLL = 0.05


def restarted_after_a_crash(engine: Engine, container: Container) -> bool:
    """Whether the engine says that it starts this container again when its main process is killed."""
    policy = (engine.inspect(container.id).get("HostConfig") or {}).get("RestartPolicy") or {}
    return policy.get("Name") in RESTARTING


def crash(engine: Engine, containers: Iterable[Container]) -> tuple[dict[str, int], list[Container]]:
    """Kills them all at once; restart counts of those that run again, by id, and those that do not in time."""
    before = {container: engine.state(container.id).restart_count for container in containers}
    for container in before:
        engine.signal_from_host(container.id, "KILL")
    back: dict[str, int] = {}
    deadline = time.monotonic() + BACK_WITHIN
    while len(back) < len(before) and time.monotonic() < deadline:
        for container, count in before.items():
            state = engine.state(container.id)
            if state.running and state.restart_count > count:
                back[container.id] = state.restart_count
        time.sleep(POLL)
    return back, [container for container in before if container.id not in back]
