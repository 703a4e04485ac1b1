"""What was there before: written whole, and synced, before anything is touched.

One file for all runs of `apply` since the last rollback, oldest first. A run is not complete until its last
step is verified; one that never became so died in the middle, and is undone before anything else is done.
It holds daemon.json as it was, so only root reads it.
"""

from __future__ import annotations

import base64
import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

from lacre.errors import GroundError
from lacre.host import writing
from lacre.host.files import Root, parent
from lacre.host.writing import Held

DIRECTORY = "/var/lib/lacre/host"
FILE = f"{DIRECTORY}/journal.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class MakeDirectory:
    """A directory that was not there."""

    path: str


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A file that gets another content; `before` None: it was not there."""

    path: str
    before: Held | None
    after: bytes


@dataclass(frozen=True, slots=True)
class SetSysctl:
    """A sysctl that gets another value; both as text for the kernel. `later`: only at the next start."""

    key: str
    before: str
    after: str
    later: bool = False


Step = MakeDirectory | WriteFile | SetSysctl


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of `apply`; `when` as it was told."""

    when: str
    profile: str
    complete: bool
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Journal:
    """All runs that are not rolled back."""

    runs: tuple[Run, ...] = field(default_factory=tuple)


def load(root: Root) -> Journal:
    """The journal, empty where there is none; raises GroundError where it cannot be understood."""
    try:
        kept = writing.held(root, FILE)
        return Journal() if kept is None else _decoded(json.loads(kept.data))
    except (OSError, ValueError, KeyError, TypeError, IndexError) as problem:
        raise GroundError(
            f"reading the journal {FILE}",
            str(problem) or type(problem).__name__,
            "it says what was there before: do not delete it; nothing was changed now",
        ) from problem


def save(root: Root, journal: Journal) -> None:
    """Writes the journal whole; raises OSError. Without any run it is removed, with its directories."""
    if not journal.runs:
        clear(root)
        return
    for directory in (parent(DIRECTORY), DIRECTORY):
        if not root.there(directory):
            root.at(directory).mkdir(0o700)
            writing.sync(root, parent(directory))
    data = json.dumps(_encoded(journal), indent=1).encode("ascii")
    writing.stage(root, FILE, data, None, mode=0o600)
    writing.swap_in(root, FILE)


def clear(root: Root) -> None:
    """Removes the journal, and its directories where nothing else is in them; raises OSError."""
    if root.there(DIRECTORY):
        writing.unstage(root, FILE)
        with contextlib.suppress(FileNotFoundError):
            writing.remove(root, FILE)
    for directory in (DIRECTORY, parent(DIRECTORY)):
        with contextlib.suppress(OSError):  # somebody else's things are in it
            root.at(directory).rmdir()


def _encoded(journal: Journal) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "runs": [
            {
                "when": run.when,
                "profile": run.profile,
                "complete": run.complete,
                "steps": [_step(step) for step in run.steps],
            }
            for run in journal.runs
        ],
    }


def _step(step: Step) -> dict[str, Any]:
    match step:
        case MakeDirectory():
            return {"do": "directory", "path": step.path}
        case SetSysctl():
            return {
                "do": "sysctl",
                "key": step.key,
                "before": step.before,
                "after": step.after,
                "later": step.later,
            }
        case WriteFile():
            before = step.before and {
                "data": _packed(step.before.data),
                "mode": step.before.mode,
                "uid": step.before.uid,
                "gid": step.before.gid,
                "modified": step.before.modified,
                "xattrs": {name: _packed(value) for name, value in step.before.xattrs.items()},
            }
            return {"do": "file", "path": step.path, "before": before, "after": _packed(step.after)}


def _decoded(told: dict[str, Any]) -> Journal:
    if told["version"] != _VERSION:
        raise ValueError(f"it is of version {told['version']}, and this lacre knows {_VERSION}")
    return Journal(
        tuple(
            Run(
                when=run["when"],
                profile=run["profile"],
                complete=run["complete"],
                steps=tuple(_read_step(step) for step in run["steps"]),
            )
            for run in told["runs"]
        )
    )


def _read_step(told: dict[str, Any]) -> Step:
    match told["do"]:
        case "directory":
            return MakeDirectory(told["path"])
        case "sysctl":
            return SetSysctl(told["key"], told["before"], told["after"], told["later"])
        case "file":
            kept = told["before"]
            before = kept and Held(
                data=_unpacked(kept["data"]),
                mode=kept["mode"],
                uid=kept["uid"],
                gid=kept["gid"],
                modified=kept["modified"],
                xattrs={name: _unpacked(value) for name, value in kept["xattrs"].items()},
            )
            return WriteFile(told["path"], before, _unpacked(told["after"]))
    raise ValueError(f"it has a step {told['do']!r}")


def _packed(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unpacked(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
