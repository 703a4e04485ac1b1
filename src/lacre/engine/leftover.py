"""What lacre made on an engine, found again by label: removed at the end of a twin, or after a killed run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from lacre.engine import firewall, scratch
from lacre.engine.connection import told
from lacre.engine.docker import Engine
from lacre.engine.owner import OWNER_LABEL, TWIN_LABEL, may_live
from lacre.errors import EngineError

_SIDE_BY_SIDE = 8
_ANONYMOUS = re.compile(r"^[0-9a-f]{64}$")
_ROUND_SECONDS = 0.5


Kind = Literal["container", "network", "volume", "firewall", "directory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """One thing that lacre made. `alive`: the lacre that made it may still run."""

    kind: Kind
    id: str
    name: str
    twin: str
    alive: bool
    anonymous_volumes: tuple[str, ...] = ()  # of a container


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    """What `clean` removed, what it left because its owner lives, and what it could not remove (with why)."""

    removed: tuple[Leftover, ...]
    kept: tuple[Leftover, ...]
    failed: tuple[tuple[Leftover, str], ...]


def leftovers(engine: Engine, twin: str | None = None) -> tuple[Leftover, ...]:
    """Everything with lacre's label: containers, networks, volumes; and of this host firewall rules and directories.

    Of one `twin` what the engine has: its rules, if any, it removes itself, and its run the directory.
    """
    label = OWNER_LABEL if twin is None else f"{TWIN_LABEL}={twin}"
    chosen = {"label": [label]}
    found: list[Leftover] = []

    def add(kind: Kind, entry: dict[str, object], identity: str) -> None:
        labels = entry.get("Labels")
        known: dict[str, str] = labels if isinstance(labels, dict) else {}
        names = entry.get("Names")
        name = entry.get("Name") or (names[0] if isinstance(names, list) and names else identity[:12])
        found.append(
            Leftover(
                kind=kind,
                id=identity,
                name=str(name).lstrip("/"),
                twin=str(known.get(TWIN_LABEL, "")),
                alive=may_live(str(known.get(OWNER_LABEL, ""))),
                anonymous_volumes=_anonymous(entry) if kind == "container" else (),
            )
        )

    with told("looking for what lacre made"):
        for entry in engine.api.containers(all=True, filters=chosen):
            add("container", entry, str(entry["Id"]))
        for entry in engine.api.networks(filters=chosen):
            add("network", entry, str(entry["Id"]))
        for entry in engine.api.volumes(filters=chosen).get("Volumes") or ():
            add("volume", entry, str(entry["Name"]))
    if twin is None:
        found += [
            Leftover(
                kind="firewall", id=rules.twin, name=rules.chain, twin=rules.twin, alive=may_live(rules.owner)
            )
            for rules in firewall.standing()
        ]
        found += [
            Leftover(kind="directory", id=str(at.path), name=str(at.path), twin="", alive=may_live(at.owner))
            for at in scratch.standing()
        ]
    return tuple(found)


def clean(engine: Engine, *, seconds: float = 120.0) -> Cleaned:
    """Removes what killed runs left; nothing of a lacre that may still run."""
    found = leftovers(engine)
    kept = tuple(item for item in found if item.alive)
    return _sum_up(kept, remove(engine, lambda: (i for i in leftovers(engine) if not i.alive), seconds))


def remove(
    engine: Engine, find: Callable[[], Iterable[Leftover]], seconds: float
) -> tuple[tuple[Leftover, ...], tuple[tuple[Leftover, str], ...]]:
    """Removes what `find` finds until it finds nothing or `seconds` are over: removed, and failed with why.

    Found anew in each round: Compose may just have been making one more.
    """
    deadline = time.monotonic() + seconds
    removed: dict[str, Leftover] = {}
    failed: dict[str, tuple[Leftover, str]] = {}
    anonymous: set[str] = set()
    while True:
        items = list(find())
        for item in items:
            anonymous.update(item.anonymous_volumes)
        failed = {}
        for kind in get_args(Kind):  # what mounts a directory goes before it
            stuck = {item.twin for item, _ in failed.values()}  # must not reach more than it did
            batch = [i for i in items if i.kind == kind and not (kind == "firewall" and i.twin in stuck)]
            with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
                for item, why in zip(batch, pool.map(lambda i: _remove_one(engine, i), batch), strict=True):
                    if why:
                        failed[item.id] = (item, why)
                    else:
                        removed[item.id] = item
        if not items or time.monotonic() > deadline:
            break
        if failed:
            time.sleep(_ROUND_SECONDS)
    for name in anonymous:
        _remove_anonymous(engine, name)
    return tuple(removed.values()), tuple(failed.values())


def _sum_up(
    kept: tuple[Leftover, ...], done: tuple[tuple[Leftover, ...], tuple[tuple[Leftover, str], ...]]
) -> Cleaned:
    return Cleaned(removed=done[0], kept=kept, failed=done[1])


def _remove_one(engine: Engine, item: Leftover) -> str:
    """Why it could not be removed; empty if it is gone."""
    try:
        match item.kind:
            case "container":
                engine.remove_container(item.id)
            case "network":
                engine.remove_network(item.id)
            case "volume":
                engine.remove_volume(item.id)
            case "firewall":
                firewall.take_down(item.id)
            case "directory":
                scratch.remove(Path(item.id))
    except EngineError as problem:
        return problem.happened
    return ""


def _remove_anonymous(engine: Engine, name: str) -> None:
    """A volume without a name that containers of a twin had. The engine refuses while anybody uses it.

    `docker rm -v` leaves those that a recreated container took over: it sees them as named there.
    """
    try:
        engine.remove_volume(name, force=False)
    except EngineError:
        return


def _anonymous(entry: dict[str, object]) -> tuple[str, ...]:
    mounts = entry.get("Mounts")
    names = (
        str(mount.get("Name") or "")
        for mount in (mounts if isinstance(mounts, list) else ())
        if isinstance(mount, dict) and mount.get("Type") == "volume"
    )
    return tuple(name for name in names if _ANONYMOUS.match(name))
