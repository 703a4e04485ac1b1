"""The directory of this host in which a run keeps what its twins mount, found again after the run was killed."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lacre.engine.owner import this_process
from lacre.errors import EngineError

_PREFIX = "lacre-"
_OWNER = ".owner"
_LONGEST = 1024  # bytes of an owner that are read


@dataclass(frozen=True, slots=True)
class Scratch:
    """One such directory, and the process that made it (as in the label `lacre.owner`)."""

    path: Path
    owner: str


def make() -> Path:
    """A new one, of this process, which nobody else may enter."""
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX))
    (directory / _OWNER).write_text(this_process(), encoding="utf-8")
    return directory


def standing() -> tuple[Scratch, ...]:
    """All that are there. Only this user's own, closed to others: anybody may put something else in that place."""
    found = []
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")):
        try:
            is_at = path.lstat()
            if not stat.S_ISDIR(is_at.st_mode) or is_at.st_uid != os.geteuid() or is_at.st_mode & 0o077:
                continue
            with (path / _OWNER).open(encoding="utf-8", errors="replace") as file:
                found.append(Scratch(path, file.read(_LONGEST)))
        except OSError:
            continue  # it went away, or is another program's
    return tuple(found)


def remove(path: Path) -> None:
    """Raises EngineError when it cannot be removed."""
    try:
        shutil.rmtree(path)
    except FileNotFoundError:
        return
    except OSError as problem:
        raise EngineError(
            f"removing {path}", problem.strerror or str(problem), "remove it by hand"
        ) from problem
