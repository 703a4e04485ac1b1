"""What an attack is told about a container: read from the engine and the host's kernel, before the first step."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

from lacre.attacks.model import Bounds, Neighbour, Place, PlaceKind, Scene
from lacre.attacks.stage import NEIGHBOUR, TOOL
from lacre.engine import Container, Engine, EngineInfo, ImageInfo, Twin, inside
from lacre.errors import EngineError

_KERNEL_FILE_SYSTEMS = frozenset(
    {
        "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs", "bpf",
        "binfmt_misc", "pstore", "configfs",
    }
)  # fmt: skip
_ENGINE_SOCKET = re.compile(r"(docker|containerd|podman|crio)\.sock\Z")
_EXECUTABLE = 0o111
_SHARED_MEMORY = "/dev/shm"  # noqa: S108 - the container's; with `ipc: host` the host's (docs.docker.com, "IPC settings")


def look(
    engine: Engine,
    twin: Twin,
    container: Container,
    *,
    info: EngineInfo,
    image: ImageInfo,
    needed: Mapping[str, tuple[int, ...]],
    closed: bool,
) -> Scene:
    """The scene of one running container of a twin. `needed`: TCP ports of other services that it speaks to.

    Raises EngineError when the container does not run.
    """
    told = engine.inspect(container.id)
    pid = engine.application_pid(container.id)
    try:
        own = inside.credentials(pid)
    except (ProcessLookupError, KeyError, ValueError) as gone:
        raise EngineError(
            f"looking at service {container.service}", "it does not run", "see why it ended: docker logs"
        ) from gone
    program, directory = inside.program(pid)
    executables = [p for p, e in image.tree.items() if e.kind == "file" and e.mode & _EXECUTABLE]
    bounds = inside.limits(pid)
    running = inside.processes(pid)
    numbers = {host: number for host, number, _ in running}
    first = int((told.get("State") or {}).get("Pid") or 0)
    own_pids = inside.own_process_namespace(pid)
    unknown = 1 if own_pids else 0  # number 1 is the host's, where its processes are shared
    return Scene(
        service=container.service,
        uid=own.uid,
        gid=own.gid,
        groups=own.groups,
        process=numbers.get(pid, unknown),
        first=numbers.get(first, unknown),
        program=program,
        directory=directory or "/",
        places=_places(inside.mounts(pid), told),
        image=image.tree,
        capable_files=inside.with_capabilities(pid, executables),
        neighbours=_neighbours(twin, container.service, needed),
        bounds=Bounds(
            memory=bounds.memory,
            pids=bounds.pids,
            cpus=bounds.cpus,
            nofile=bounds.nofile,
            log=_log_file(told),
        ),
        host_memory=info.memory,
        host_cpus=info.cpus,
        cgroup=info.cgroup,
        own_pids=own_pids,
        other_processes=tuple(number for host, number, uid in running if host != pid and uid == own.uid),
        protocols=inside.protocols(pid),
        engine_sockets=tuple(
            sorted(
                path
                for path, source in (
                    (str(m.get("Destination")), str(m.get("Source"))) for m in told["Mounts"]
                )
                if _ENGINE_SOCKET.search(path) or _ENGINE_SOCKET.search(source)
            )
        ),
        gateway=_gateway(engine, told),
        log_file=engine.log_size(container.id) is not None,
        closed=closed,
    )


def _places(mounts: Iterable[inside.Mounted], told: Mapping[str, Any]) -> tuple[Place, ...]:
    volumes = {str(m.get("Destination")) for m in told.get("Mounts") or () if m.get("Type") == "volume"}
    hosts = {_SHARED_MEMORY} if (told.get("HostConfig") or {}).get("IpcMode") == "host" else set()
    return tuple(_place(mount, volumes, hosts) for mount in mounts if mount.path != TOOL)


def _place(mount: inside.Mounted, volumes: Set[str], hosts: Set[str]) -> Place:
    return Place(
        path=mount.path,
        kind="host" if mount.path in hosts else _kind(mount, volumes),
        filesystem=mount.filesystem,
        writable="ro" not in mount.options,
        executable="noexec" not in mount.options,
        setuid="nosuid" not in mount.options,
        size=mount.size,
    )


def _kind(mount: inside.Mounted, volumes: Set[str]) -> PlaceKind:
    if mount.path == "/":
        return "root"
    if mount.path == "/dev":
        return "device"
    if mount.filesystem in _KERNEL_FILE_SYSTEMS or _is_below(mount.path, "/proc", "/sys"):
        return "kernel"
    if mount.path in volumes:
        return "volume"
    return "tmpfs" if mount.filesystem == "tmpfs" else "bind"


def _is_below(path: str, *directories: str) -> bool:
    return any(path.startswith(directory + "/") for directory in directories)


def _neighbours(twin: Twin, service: str, needed: Mapping[str, tuple[int, ...]]) -> tuple[Neighbour, ...]:
    found = []
    for other in dict.fromkeys(container.service for container in twin.containers):
        if other == NEIGHBOUR:  # no service of the project
            continue
        address = twin.address(other) if other != service else ""
        ports = tuple(int(p.removeprefix("tcp/")) for p in twin.ports(other) if p.startswith("tcp/"))
        if address and ports:
            found.append(Neighbour(service=other, address=address, ports=ports, needed=needed.get(other, ())))
    return tuple(found)


def _gateway(engine: Engine, told: Mapping[str, Any]) -> str:
    """The host's address on the first network; the engine tells a container of a closed network none."""
    networks = (told.get("NetworkSettings") or {}).get("Networks") or {}
    for name in sorted(networks):
        gateway = str((networks[name] or {}).get("Gateway") or "") or engine.gateway(name)
        if gateway:
            return gateway
    return ""


def _log_file(told: Mapping[str, Any]) -> int | None:
    """Bytes at which the engine rotates the container's log file (docs.docker.com, "JSON File logging driver")."""
    config = (told.get("HostConfig") or {}).get("LogConfig") or {}
    found = re.fullmatch(r"(\d+)([kmg]?)b?", str((config.get("Config") or {}).get("max-size") or "").lower())
    return int(found[1]) << {"": 0, "k": 10, "m": 20, "g": 30}[found[2]] if found else None
