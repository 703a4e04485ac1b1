"""What /proc tells of a running container: bytes in the directories it writes to, and its descriptor limit."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

MOST_PATHS = 20_000  # a bound on the work for an application that writes without end


def sizes_of_written(pid: int, paths: Iterable[str]) -> dict[str, int]:
    """Bytes of the files among `paths` that are there now, by directory. `pid`: a process of the container.

    Symbolic links are not followed: their targets would be looked up in the host's root.
    """
    sizes: dict[str, int] = defaultdict(int)
    for number, path in enumerate(paths):
        if number >= MOST_PATHS:
            break
        try:
            found = os.lstat(f"/proc/{pid}/root{path}")
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(found.st_mode):
            sizes[str(PurePosixPath(path).parent)] += found.st_blocks * 512
    return dict(sizes)


def descriptor_limit(pid: int) -> int | None:
    """The hard limit on open files of a process (proc_pid_limits(5)); None when it is gone or unlimited."""
    try:
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    except OSError:
        return None
    found = [line.split() for line in lines if line.startswith("Max open files")]
    return int(found[0][4]) if found and found[0][4].isdecimal() else None
