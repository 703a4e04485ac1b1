"""Flooding the log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lacre.attacks.model import Counter, Group, Nothing, Scene, Step, attack

MIB: Final = 1 << 20
WITHOUT_ROTATION: Final = 14 * MIB  # what would have been rotated at lacre's own 10 MB
BEYOND: Final = 4 * MIB
MOST: Final = 64 * MIB
ON_THE_WAY: Final = 1 * MIB  # may lie in pipes and buffers when the host counts


@attack(
    "log-flood",
    "Flood the log until the host's disk is full",
    group=Group.EXHAUSTING,
    technique="T1499.001",
    control="logging",
    sign="the engine's log file is rotated: it has fewer bytes than were written",
    mend='logging: {driver: json-file, options: {max-size: "10m", max-file: "5"}}',
)
def log_flood(scene: Scene) -> Sequence[Step] | Nothing:
    """Docker keeps every line that a container prints, for ever, unless it is told to rotate: on the host's disk.

    The attack writes lines to the standard output of the container's first process, 4 MiB more than the size at
    which its file is rotated, or 14 MiB where it never is, and the host counts what the file holds then.

    Rotation stops it: the file is put aside when it is full, and the oldest is lost.
    """
    if not scene.log_file:
        return Nothing("the logging driver keeps no file on this host that could be counted")
    rotated = scene.bounds.log
    written = WITHOUT_ROTATION if rotated is None else rotated + BEYOND
    if written > MOST:
        return Nothing(
            f"the log is rotated at {written // MIB} MiB: more than lacre writes to this host's disk"
        )
    mib = -(-written // MIB)
    # an engine whose logging does not block loses lines on the way: without a rotation that is none
    amount = 0 if rotated is None else mib * MIB - ON_THE_WAY
    return [
        Step("log", (str(scene.first), str(mib)), seconds=15.0, counter=Counter.LOG, amount=amount),
    ]
