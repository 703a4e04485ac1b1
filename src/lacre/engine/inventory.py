"""What the engine has: containers, images, networks, Swarm; each looked at once, several at a time."""

from __future__ import annotations

import contextlib
import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lacre.engine.reader import AbsentError, Later, Reader
from lacre.errors import EngineError

if TYPE_CHECKING:
    from lacre.engine.docker import Engine
    from lacre.engine.project import Entry

_AT_ONCE = 128  # questions that wait for their answers
_SAVED_BYTES = 2 << 30  # of images that are saved together, as if they shared nothing
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
    """`info` and `version` of the API, all containers and images in short, the networks and the volumes."""

    info: Shown
    version: Shown
    containers: tuple[Shown, ...]
    images: tuple[Shown, ...]
    networks: tuple[Shown, ...]
    volumes: tuple[Shown, ...] = ()
    swarm: SwarmShown = field(default_factory=SwarmShown)


def engine_shown(reader: Reader) -> Callable[[], EngineShown]:
    """Asks the engine about itself and for its lists, and does not wait: what it gives does; both raise EngineError."""
    tried = "asking the engine what it has"
    asked = (
        reader.ask(tried, "info"),
        reader.ask(tried, "version"),
        reader.ask(tried, "containers/json", all="1"),
        reader.ask(tried, "images/json"),
        reader.ask(tried, "networks"),
        reader.ask(tried, "volumes"),
    )

    def answered() -> EngineShown:
        info, version, containers, images, networks, volumes = _all(*asked)
        return EngineShown(
            info=info,
            version=version,
            containers=tuple(containers or ()),
            images=tuple(images or ()),
            networks=tuple(networks or ()),
            volumes=tuple((volumes or {}).get("Volumes") or ()),
            swarm=_swarm(reader, info, networks or ()),
        )

    return answered


def _swarm(reader: Reader, info: Shown, networks: Iterable[Shown]) -> SwarmShown:
    said = info.get("Swarm") or {}
    if str(said.get("LocalNodeState") or "inactive") == "inactive":
        return SwarmShown()
    if not said.get("ControlAvailable"):
        return SwarmShown(why="this node is no manager: only a manager knows the swarm")
    tried = "asking the swarm's manager"
    try:
        swarm, nodes, services = _all(*(reader.ask(tried, path) for path in ("swarm", "nodes", "services")))
    except EngineError as error:
        return SwarmShown(why=error.happened)
    overlays = tuple(network for network in networks if network.get("Driver") == "overlay")
    return SwarmShown(swarm=swarm, nodes=tuple(nodes), services=tuple(services), networks=overlays)


def look_at_containers(reader: Reader, names: Sequence[str]) -> Callable[[], tuple[Looked, ...]]:
    """Each container by name or id, in order; one that is gone is no error. What it gives waits for the answers."""
    return _each(
        names, lambda name: reader.ask(f"looking at container {name[:12]}", "containers", name, "json")
    )


def look_at_images(reader: Reader, references: Sequence[str]) -> Callable[[], tuple[Looked, ...]]:
    """Each image that is here, with its `History`; nothing is pulled. What it gives waits for the answers."""

    def ask(reference: str) -> Later:
        tried = f"looking at image {reference}"
        shown = reader.ask(tried, "images", reference, "json")
        history = reader.ask(tried, "images", reference, "history")
        return lambda: {**shown(), "History": history()}

    return _each(references, ask)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFiles:
    """All files of an image by path, and two of them as text."""

    tree: Mapping[str, Entry]
    passwd: str
    shadow: str


def image_files(engine: Engine, id: str) -> ImageFiles:
    """Reads an image whole, which takes seconds; raises EngineError. Nothing of it is ever started."""
    from lacre.engine.connection import told  # noqa: PLC0415 - as rarely as this is done
    from lacre.engine.tree import read_tree  # noqa: PLC0415

    with engine.parked(id) as container, told(f"reading the files of image {id[:19]}"):
        passwd, shadow = (engine.get_file(container, path) or b"" for path in ("/etc/passwd", "/etc/shadow"))
        tree = read_tree(iter(engine.api.export(container)))
    return ImageFiles(
        tree=tree,
        passwd=passwd.decode("utf-8", "replace"),
        shadow=shadow.decode("utf-8", "replace"),
    )


def saved_together(images: Iterable[Shown]) -> Iterator[tuple[Shown, ...]]:
    """Images in groups, those that share layers side by side.

    The engine lays a group down on its disk before it answers, so that a group is no larger than a gigabyte or two.
    """
    group: list[Shown] = []
    for image in sorted(images, key=_layers):
        if group and sum(int(one.get("Size") or 0) for one in (*group, image)) > _SAVED_BYTES:
            yield tuple(group)
            group = []
        group.append(image)
    if group:
        yield tuple(group)


def files_in_layers(
    engine: Engine, images: Sequence[Shown], wanted: Callable[[str], bool]
) -> dict[str, frozenset[str] | None]:
    """The `wanted` files of any layer of each image, by its id; None: some layer could not be unpacked.

    Images are saved together: what they share is read once. Where that brings not all layers of one, it is read alone:
    no image keeps another from being told about.
    """
    by_layer = _saved(engine, images, wanted)
    found: dict[str, frozenset[str] | None] = {}
    for image in images:
        layers = _layers(image)
        if by_layer.keys() >= set(layers):
            found[str(image["Id"])] = frozenset().union(*(by_layer[layer] for layer in layers))
        elif len(images) > 1:
            found |= files_in_layers(engine, (image,), wanted)
        else:
            found[str(image["Id"])] = None
    return found


def _layers(image: Shown) -> tuple[str, ...]:
    return tuple((image.get("RootFS") or {}).get("Layers") or ())


def _saved(
    engine: Engine, images: Iterable[Shown], wanted: Callable[[str], bool]
) -> dict[str, frozenset[str]]:
    """What each layer of images has, by its digest, as far as they can be read."""
    from lacre.engine.images import saved  # noqa: PLC0415 - as above
    from lacre.engine.layers import files_by_layer  # noqa: PLC0415

    found: dict[str, frozenset[str]] = {}
    with contextlib.suppress(EngineError):  # what came before it stays
        found.update(files_by_layer(saved(engine.api, [str(one["Id"]) for one in images]), wanted))
    return found


def sessions(reader: Reader, ids: Sequence[str]) -> tuple[Shown, ...]:
    """Sessions of `docker exec` that still run; one that ends meanwhile is left out."""
    looked = _each(ids, lambda id: reader.ask("looking at a session of docker exec", "exec", id, "json"))
    return tuple(one.shown for one in looked() if one.shown is not None and one.shown.get("Running"))


def _each(names: Sequence[str], ask: Callable[[str], Later]) -> Callable[[], tuple[Looked, ...]]:
    """Asks about the first at once, and about one more as each is answered."""
    left = iter(names)
    asked = deque((name, _begun(ask, name)) for name in itertools.islice(left, _AT_ONCE))

    def answered() -> tuple[Looked, ...]:
        looked: list[Looked] = []
        while asked:
            looked.append(_looked(*asked.popleft()))
            asked.extend((name, _begun(ask, name)) for name in itertools.islice(left, 1))
        return tuple(looked)

    return answered


def _begun(ask: Callable[[str], Later], name: str) -> Later:
    try:
        return ask(name)
    except EngineError as error:
        problem = error

    def fail() -> Any:
        raise problem

    return fail


def _looked(name: str, answer: Later) -> Looked:
    try:
        return Looked(asked=name, shown=answer())
    except AbsentError:
        return Looked(asked=name, shown=None, why=ABSENT)
    except EngineError as error:
        return Looked(asked=name, shown=None, why=error.happened)


def _all(*answers: Later) -> list[Any]:
    return [answer() for answer in answers]
