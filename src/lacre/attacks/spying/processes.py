"""Which processes a neighbour in the same container would look at."""

from __future__ import annotations

from lacre.attacks.model import Scene

_MOST = 2


def others(scene: Scene) -> tuple[str, ...]:
    """Their numbers in the container, as arguments: those of the same user first, then the first process.

    Without a process namespace of its own number 1 is the host's, and left alone: the first is then the container's.
    """
    first = (1 if scene.own_pids else scene.first,)
    return tuple(str(number) for number in dict.fromkeys((*scene.other_processes[: _MOST - 1], *first)))
