"""The facts of a machine, each read once: one inspect an object, several at a time, and one pass over /proc."""

from __future__ import annotations

import datetime
import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lacre.audit.aside import aside
from lacre.audit.facts import contents, daemon, sockets
from lacre.audit.facts.container import (
    Container,
    Inside,
    Surroundings,
    bound_volumes,
    container,
    host_sources,
    published_protocols,
)
from lacre.audit.facts.daemon import Daemon
from lacre.audit.facts.host import Host
from lacre.audit.facts.image import Contents, Image, image
from lacre.audit.facts.shown import part, texts
from lacre.audit.facts.swarm import Swarm
from lacre.audit.kept import Kept
from lacre.engine import census, inside, inventory
from lacre.engine.inventory import EngineShown, Looked, Shown
from lacre.engine.kernel import pid_namespace, root_of_listener, text
from lacre.engine.listening import listeners
from lacre.engine.reader import Reader
from lacre.errors import EngineError

if TYPE_CHECKING:
    from lacre.engine.docker import Engine

_FIRST_PID_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO, include/uapi/linux/nsfs.h
_MOST_READ = 4  # images whose files are read at a time: each is a stream that Python takes apart

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be looked at. `whole`: this machine, whatever is on it; else what is named."""

    containers: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing was named."""
        return not self.containers and not self.images


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """Something that could not be looked at. `named`: it was asked for, and not only there a moment ago."""

    kind: str
    name: str
    why: str
    named: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """All facts."""

    containers: tuple[Container, ...] = ()
    images: tuple[Image, ...] = ()
    daemon: Daemon | None = None
    host: Host | None = None
    swarm: Swarm | None = None
    missing: tuple[Missing, ...] = ()


def machine(reader: Reader, wanted: Wanted, kept: Kept, *, trust: str, say: Say) -> Machine:
    """Looks at everything wanted; raises EngineError where the engine does not even list what it has.

    `trust` is DOCKER_CONTENT_TRUST of this process. `say` hears of what takes long.
    """
    asked = inventory.engine_shown(reader)
    shown = asked()
    local = _is_local(reader, shown)
    below: Callable[[], tuple[Daemon, Host, Swarm]] | None = None
    if wanted.whole:
        below = functools.partial(_beneath, reader, shown, local=local, trust=trust)
        below = aside(below) if local else below  # the host takes as long as its containers
    names = wanted.containers if not wanted.whole else _running(shown)
    looking = inventory.look_at_containers(reader, names)
    looked = looking()
    found = [one.shown for one in looked if one.shown is not None]
    references = _references(shown, wanted, found)
    looking = inventory.look_at_images(reader, list(references.values()))
    around = _around(shown, local=local)
    devices = bound_volumes(shown.volumes)
    reads = _reads(found, around, devices, reader)
    of_images = dict(zip(references, looking(), strict=True))
    images, missing = _images(reader, shown, of_images, kept, wanted, say)
    known = {one.id: one for one in images}
    sessions = _sessions(reader, found)
    containers = tuple(
        container(
            one,
            around,
            inside=reads.inside.get(str(one.get("Id"))),
            unseen=reads.unseen.get(str(one.get("Id")), ""),
            sessions=sessions.get(str(one.get("Id")), ()),
            resolved=reads.resolved,
            sockets=reads.sockets,
            devices=devices,
            of_image=known.get(str(one.get("Image"))),
        )
        for one in found
    )
    daemon_fact, host_fact, swarm_fact = below() if below is not None else (None, None, None)
    return Machine(
        containers=containers,
        images=tuple(one for one in images if wanted.whole or one.name in wanted.images),
        daemon=daemon_fact,
        host=host_fact,
        swarm=swarm_fact,
        missing=(*_gone("container", shown, looked, wanted), *missing),
    )


def without_engine(why: str, *, trust: str, here: bool) -> Machine:
    """The host alone, where no engine answers; `here`: it is this host's engine that does not."""
    from lacre.audit.beneath import host_alone  # noqa: PLC0415 - as below

    return Machine(
        host=host_alone(trust) if here else None,
        missing=(Missing(kind="engine", name=os.uname().nodename, why=why, named=True),),
    )


def _beneath(reader: Reader, shown: EngineShown, *, local: bool, trust: str) -> tuple[Daemon, Host, Swarm]:
    from lacre.audit.beneath import beneath  # noqa: PLC0415 - the settings of a host cost 40 ms: where they are asked

    return beneath(reader, shown, local=local, trust=trust)


def _gone(kind: str, shown: EngineShown, looked: Iterable[Looked], wanted: Wanted) -> Iterator[Missing]:
    for one in looked:
        if one.shown is None:
            # It was listed a moment ago.
            gone = wanted.whole and one.why == inventory.ABSENT
            why = "it went away while it was looked at" if gone else one.why
            yield Missing(kind=kind, name=_called(shown, one), why=why, named=not wanted.whole)


def _called(shown: EngineShown, looked: Looked) -> str:
    """The name of a container that was listed and is gone; it was asked for by its id."""
    for one in shown.containers:
        if one.get("Id") == looked.asked:
            return str((one.get("Names") or [looked.asked])[0]).lstrip("/")
    return looked.asked


def _is_local(reader: Reader, shown: EngineShown) -> bool:
    """Whether /proc here tells about the engine's containers: one kernel, and this process sees all of it."""
    return (
        reader.address.startswith("unix://")
        and str(shown.info.get("KernelVersion") or "") == os.uname().release
        and str(shown.info.get("Name") or "") == os.uname().nodename
        and pid_namespace() in ("", _FIRST_PID_NAMESPACE)
    )


_ALIVE = ("running", "paused", "restarting")  # states of a container, as the engine's list has them


def _running(shown: EngineShown) -> tuple[str, ...]:
    return tuple(str(one["Id"]) for one in shown.containers if one.get("State") in _ALIVE)


# -- containers


@dataclass(slots=True)
class _Reads:
    inside: dict[str, Inside] = field(default_factory=dict)
    unseen: dict[str, str] = field(default_factory=dict)
    resolved: dict[str, str] = field(default_factory=dict)
    sockets: dict[str, str] = field(default_factory=dict)


def _around(shown: EngineShown, *, local: bool) -> Surroundings:
    security = texts(shown.info.get("SecurityOptions"))

    def has(name: str) -> bool:
        return any(option == f"name={name}" or option.startswith(f"name={name},") for option in security)

    return Surroundings(
        local=local,
        apparmor=has("apparmor"),
        selinux=has("selinux"),
        permissive=local and text("/sys/fs/selinux/enforce") == "0",
        seccomp=has("seccomp"),
        remapped=has("userns"),
        rootless=has("rootless"),
        cgroup=2 if str(shown.info.get("CgroupVersion") or "1") == "2" else 1,
        tags={tag: str(one.get("Id")) for one in shown.images for tag in daemon.image_tags(one)},
    )


def _reads(
    found: Sequence[Mapping[str, Any]], around: Surroundings, devices: Mapping[str, str], reader: Reader
) -> _Reads:
    """What the kernel and the file system of this host tell about containers."""
    reads = _Reads()
    running = {str(one["Id"]): _pid(one) for one in found if part(one, "State").get("Running")}
    if not around.local:
        reads.unseen = dict.fromkeys(running, "its engine runs on another machine")
        return reads
    processes = census.census(running)
    # This process may have been given namespaces of its own (systemd's PrivateIPC=, ProtectHostname=).
    own = census.namespaces(1)
    if not all(own.values()):
        own = census.namespaces("self")
    protocols = {str(one["Id"]): published_protocols(one) for one in found}
    for id, pid in running.items():
        seen = processes.get(id)
        if seen:
            reads.inside[id] = _inside(pid, seen, own, protocols[id])
        else:
            there = Path(f"/proc/{pid}").exists()
            reads.unseen[id] = "its processes cannot be seen from here" if there else "it ended meanwhile"
    sources = {source for one in found for source in host_sources(one, devices)}
    # An engine in a mount namespace of its own has other files than this process.
    if _same_root(root := root_of_listener(reader.address.removeprefix("unix://"))):
        reads.resolved = {source: os.path.realpath(source) for source in sources}
        reads.sockets = sockets.held(sources, sockets_of(reader))
    else:
        held = sockets.held(
            {root + one for one in sources}, {root + s: w for s, w in sockets_of(reader).items()}
        )
        reads.sockets = {path.removeprefix(root): what for path, what in held.items()}
    return reads


def _same_root(root: str) -> bool:
    try:
        return not root or Path(root).samefile("/")
    except OSError:
        return True  # it cannot be told, and nearly always is


def _inside(
    pid: int, processes: tuple[census.Process, ...], own: Mapping[str, str], published: frozenset[str]
) -> Inside:
    return Inside(
        processes=processes,
        limits=inside.limits(pid),
        mounts=inside.mounted(pid),
        shared=census.shared(census.namespaces(pid), own),
        listening=_open_ports(pid, published) if published else frozenset(),
    )


def _pid(shown: Mapping[str, Any]) -> int:
    """The first process of a container; 0 where it does not run, or is between two starts."""
    state = part(shown, "State")
    return int(state.get("Pid") or 0) if state.get("Running") else 0


def _open_ports(pid: int, protocols: frozenset[str]) -> frozenset[str] | None:
    seen = listeners(pid, protocols)
    return None if seen is None else frozenset(f"{o.protocol}/{o.port}" for o in seen if not o.loopback)


def sockets_of(reader: Reader) -> dict[str, str]:
    """Where the sockets of engines are on this host: the known places, and the one that is spoken to."""
    from lacre.audit.checks.runtime.docker_socket import SOCKETS  # noqa: PLC0415 - a table beside its check

    spoken = reader.address.removeprefix("unix://") if reader.address.startswith("unix://") else ""
    return {**SOCKETS, **({spoken: "Docker's socket"} if spoken else {})}


def _sessions(reader: Reader, found: Iterable[Mapping[str, Any]]) -> dict[str, tuple[Mapping[str, Any], ...]]:
    return {
        str(one["Id"]): inventory.sessions(reader, list(ids))
        for one in found
        if (ids := texts(one.get("ExecIDs")))
    }


# -- images


def _references(shown: EngineShown, wanted: Wanted, found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Which images to look at: what each is called in the report, and its id (or what the user typed)."""
    used = {str(one.get("Image")) for one in found}
    here = {str(one.get("Id")): daemon.image_name(one) for one in shown.images}
    references = {here.get(id, id.removeprefix("sha256:")[:12]): id for id in sorted(used)}
    if wanted.whole:
        references |= {
            daemon.image_name(one): str(one["Id"]) for one in shown.images if daemon.image_tags(one)
        }
    return references | {reference: reference for reference in wanted.images}


def _images(
    reader: Reader,
    shown: EngineShown,
    looked: Mapping[str, Looked],
    kept: Kept,
    wanted: Wanted,
    say: Say,
) -> tuple[tuple[Image, ...], tuple[Missing, ...]]:
    """Images as facts. The files of those that a container uses, and of those named, are read; once in their life."""
    used: dict[str, list[str]] = {}
    for one in shown.containers:
        used.setdefault(str(one.get("ImageID")), []).append(str((one.get("Names") or ["?"])[0]).lstrip("/"))
    missing = tuple(_gone("image", shown, looked.values(), wanted))
    there = {name: one.shown for name, one in looked.items() if one.shown is not None}
    to_read = {
        name: one
        for name, one in there.items()
        if name in wanted.images or (wanted.whole and str(one["Id"]) in used)
    }
    read = _contents(reader, to_read, kept, say)
    for one in there.values():
        # What was read once costs nothing, whoever uses it.
        if str(one["Id"]) not in read and (known := kept.get(str(one["Id"]))) is not None:
            read[str(one["Id"])] = known
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        tuple(
            image(
                one,
                name,
                today,
                contents=got if isinstance(got := read.get(str(one["Id"])), Contents) else None,
                unread=got if isinstance(got, str) else "its files were not read: lacre audit --image does",
                used_by=tuple(used.get(str(one["Id"]), ())),
            )
            for name, one in there.items()
        ),
        missing,
    )


def _contents(
    reader: Reader, to_read: Mapping[str, Shown], kept: Kept, say: Say
) -> dict[str, Contents | str]:
    """The summary of each image, from the disk where it is kept, or why it could not be read."""
    found: dict[str, Contents | str] = {}
    new: dict[str, Shown] = {}
    for one in to_read.values():
        id = str(one["Id"])
        known = kept.get(id)
        if known is None:
            new[id] = one
        else:
            found[id] = known
    if new:
        names = [name for name, one in to_read.items() if str(one["Id"]) in new]
        many = f"{len(new)} images" if len(new) > 1 else names[0]
        say(f"reading the files of {many}: once, the answer is kept")
        found |= _read(reader, new.values(), kept)
    return found


def _read(reader: Reader, images: Iterable[Shown], kept: Kept) -> dict[str, Contents | str]:
    """Reads images whole, some at a time, and keeps the summary of each."""
    found: dict[str, Contents | str] = {}
    with reader.engine() as engine, ThreadPoolExecutor(_MOST_READ) as pool:
        for group in inventory.saved_together(images):
            layered = pool.submit(inventory.files_in_layers, engine, group, contents.is_key)
            one = functools.partial(_summary, engine, layered, kept)
            ids = [str(image["Id"]) for image in group]
            found |= zip(ids, pool.map(one, ids), strict=True)
    return found


def _summary(
    engine: Engine, layered: Future[dict[str, frozenset[str] | None]], kept: Kept, id: str
) -> Contents | str:
    try:
        files = inventory.image_files(engine, id)
    except EngineError as error:
        return f"its files could not be read: {error.happened}"
    summary = contents.contents(files.tree, files.passwd, files.shadow, layered.result()[id])
    kept.put(id, summary)
    return summary
