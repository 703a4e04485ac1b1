"""Further engines on this machine: whether one answers, and how to end all that lives where it lived."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

STOP_SECONDS = 30


def answers(path: Path) -> bool:
    """Whether an engine answers at a Unix socket."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    connection.sock = socket.socket(socket.AF_UNIX)
    try:
        connection.sock.connect(str(path))
        connection.request("GET", "/_ping")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def pids() -> Iterator[int]:
    """All processes of this machine."""
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal())


def namespace(pid: int) -> str:
    """The mount namespace of a process; empty when it has ended."""
    try:
        return str(Path(f"/proc/{pid}/ns/mnt").readlink())
    except OSError:
        return ""


def living_in(mounts: str) -> list[int]:
    """The processes in a mount namespace, as `namespace` tells it."""
    return [pid for pid in pids() if mounts and namespace(pid) == mounts and pid != os.getpid()]


def end_all(processes: Sequence[int]) -> None:
    """SIGTERM, then SIGKILL for those that are still there after STOP_SECONDS."""
    for sig, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
        for pid in processes:
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                continue
        deadline = time.monotonic() + seconds
        while any(Path(f"/proc/{pid}/root").exists() for pid in processes) and time.monotonic() < deadline:
            time.sleep(0.05)
