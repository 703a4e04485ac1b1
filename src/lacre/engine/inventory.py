"""What the engine has: containers, images, networks, Swarm; each looked at once, several at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from lacre.engine.connection import status_of, told
from lacre.engine.docker import Engine
from lacre.engine.layers import files_in_layers
from lacre.engine.project import Entry
from lacre.engine.tree import read_tree
from lacre.errors import EngineError

_AT_ONCE = 8
ABSENT = "it is not there"
"""Why something cannot be looked at that the engine does not have (any more)."""

Shown = Mapping[str, Any]
"""What the engine says of one thing, as it says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """One thing that was asked for. `shown` None: it could not be looked at, and `why`."""

    asked: str
    shown: Shown | None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmShown:
    """A manager's own words. `why` says what kept them from being had."""

    swarm: Shown | None = None
    nodes: tuple[Shown, ...] = ()
    services: tuple[Shown, ...] = ()
    networks: tuple[Shown, ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineShown:
    """`info` and `version` of the API, all containers and images in short, and the networks."""

    info: Shown
    version: Shown
    containers: tuple[Shown, ...]
    images: tuple[Shown, ...]
    networks: tuple[Shown, ...]
    swarm: SwarmShown = field(default_factory=SwarmShown)


def engine_shown(engine: Engine) -> EngineShown:
    """Asks the engine about itself and for its lists; raises EngineError."""
    api = engine.api
    with told("asking the engine what it has"):
        info, version, containers, images, networks = _all(
            (
                api.info,
                lambda: api.version(api_version=False),
                lambda: api.containers(all=True),
                api.images,
                api.networks,
            )
        )
    return EngineShown(
        info=info,
        version=version,
        containers=tuple(containers or ()),
        images=tuple(images or ()),
        networks=tuple(networks or ()),
        swarm=_swarm(engine, info, networks or ()),
    )


def _swarm(engine: Engine, info: Shown, networks: Iterable[Shown]) -> SwarmShown:
    said = info.get("Swarm") or {}
    if str(said.get("LocalNodeState") or "inactive") == "inactive":
        return SwarmShown()
    if not said.get("ControlAvailable"):
        return SwarmShown(why="this node is no manager: only a manager knows the swarm")
    api = engine.api
    try:
        with told("asking the swarm's manager"):
            swarm, nodes, services = _all((api.inspect_swarm, api.nodes, api.services))
    except EngineError as error:
        return SwarmShown(why=error.happened)
    overlays = tuple(network for network in networks if network.get("Driver") == "overlay")
    return SwarmShown(swarm=swarm, nodes=tuple(nodes), services=tuple(services), networks=overlays)


def look_at_containers(engine: Engine, names: Sequence[str]) -> tuple[Looked, ...]:
    """Each container by name or id, in order; one that is gone is no error."""
    return _each(names, engine.inspect)


def look_at_images(engine: Engine, references: Sequence[str]) -> tuple[Looked, ...]:
    """Each image that is here, with its `History`; nothing is pulled."""
    api = engine.api

    def one(reference: str) -> Shown:
        with told(f"looking at image {reference}"):
            shown: dict[str, Any] = api.inspect_image(reference)  # type: ignore[no-untyped-call]
            return {**shown, "History": api.history(str(shown["Id"]))}  # type: ignore[no-untyped-call]

    return _each(references, one)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFiles:
    """All files of an image by path, and two of them as text.

    `layered` are the wanted files of any of its layers; None: some layer could not be unpacked.
    """

    tree: Mapping[str, Entry]
    layered: frozenset[str] | None
    passwd: str
    shadow: str


def image_files(engine: Engine, id: str, wanted: Callable[[str], bool]) -> ImageFiles:
    """Reads an image and each of its layers whole, which takes seconds; raises EngineError.

    Nothing of it is ever started. `wanted` tells which paths of layers matter.
    """
    with engine.parked(id) as container, told(f"reading the files of image {id[:19]}"):
        passwd, shadow = (engine.get_file(container, path) or b"" for path in ("/etc/passwd", "/etc/shadow"))
        tree = read_tree(iter(engine.api.export(container)))
        layered = _layered(engine, id, wanted)
    return ImageFiles(
        tree=tree,
        layered=layered,
        passwd=passwd.decode("utf-8", "replace"),
        shadow=shadow.decode("utf-8", "replace"),
    )


def _layered(engine: Engine, id: str, wanted: Callable[[str], bool]) -> frozenset[str] | None:
    try:
        return files_in_layers(iter(engine.api.get_image(id)), wanted)
    except EngineError:
        return None


def sessions(engine: Engine, ids: Sequence[str]) -> tuple[Shown, ...]:
    """Sessions of `docker exec` that still run; one that ends meanwhile is left out."""
    api = engine.api

    def one(id: str) -> Shown:
        with told("looking at a session of docker exec"):
            shown: dict[str, Any] = api.exec_inspect(id)
            return shown

    return tuple(
        looked.shown for looked in _each(ids, one) if looked.shown is not None and looked.shown.get("Running")
    )


def _each(names: Sequence[str], ask: Callable[[str], Shown]) -> tuple[Looked, ...]:
    def one(name: str) -> Looked:
        try:
            return Looked(asked=name, shown=ask(name))
        except EngineError as error:
            gone = status_of(error.__cause__) == 404
            return Looked(asked=name, shown=None, why=ABSENT if gone else error.happened)

    if len(names) < 2:
        return tuple(map(one, names))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(one, names))


def _all(asks: Sequence[Callable[[], Any]]) -> list[Any]:
    with ThreadPoolExecutor(len(asks)) as pool:
        return [future.result() for future in [pool.submit(ask) for ask in asks]]
