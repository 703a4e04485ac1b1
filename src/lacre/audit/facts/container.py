"""One container of the engine, as checks look at it: what it was made with, and what is in force on it.

`container` is pure: it takes what the engine said and what the kernel said, and asks nobody.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lacre.audit.facts.shown import MANY, dicts, part, texts
from lacre.audit.model import NotApplicable, Unknown

if TYPE_CHECKING:
    from lacre.audit.facts.image import Image
    from lacre.engine.census import Process
    from lacre.engine.inside import Limited, Mounted


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerMount:
    """Something mounted. `host` are the host paths that it shows: as given, with `/run` for `/var/run`, and as
    links on this machine resolve. `socket` names the engine's socket that it is, or holds, under whatever name.
    """

    kind: str  # "bind", "volume", "tmpfs", "npipe", "cluster", "image"
    source: str
    target: str
    read_only: bool
    propagation: str = ""
    options: tuple[str, ...] = ()
    host: tuple[str, ...] = ()
    socket: str = ""

    @property
    def path(self) -> str:
        """Where in the container it stands."""
        return f"mount {self.target}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerPort:
    """A port of the container that the host passes on. `address` empty: all of them."""

    address: str
    published: str
    target: str
    protocol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A program that `docker exec` started and that still runs."""

    user: str
    privileged: bool
    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What of the engine and the host is the same for all containers, and decides about them.

    `cgroup` is the version of control groups; `tags` say which image each reference names now. `local`: the engine
    runs on this kernel, so that /proc tells about its containers. `permissive`: SELinux refuses nothing.
    """

    local: bool = True
    apparmor: bool = False
    selinux: bool = False
    permissive: bool = False
    seccomp: bool = True
    remapped: bool = False  # userns-remap: root of a container is nobody on the host
    rootless: bool = False
    cgroup: int = 2
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """What the kernel says of a running container: read from /proc, not from the configuration.

    `shared` are the kinds of namespaces that it has in common with the host, `listening` the ports on which
    something inside listens outside loopback (`tcp/80`), of the protocols of its published ports; either None: not
    readable.
    """

    processes: tuple[Process, ...]
    limits: Limited
    mounts: tuple[Mounted, ...]
    shared: frozenset[str] | None = None
    listening: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container. Lists are empty and texts "" where nothing was given; sizes are bytes.

    `inside` is None where the kernel could not be asked, and `unseen` says why.
    """

    id: str
    name: str
    image: str
    image_id: str
    running: bool
    status: str
    restarts: int = 0
    health: str = ""  # "", "starting", "healthy", "unhealthy"
    health_test: tuple[str, ...] = ()
    restart: str = ""
    restart_most: int = 0
    user: str = ""
    privileged: bool = False
    read_only: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    open_paths: bool = False  # /proc and /sys were asked for without the engine's masks
    apparmor_profile: str = ""
    process_label: str = ""
    devices: tuple[str, ...] = ()
    device_rules: tuple[str, ...] = ()
    mounts: tuple[ContainerMount, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    network_mode: str = ""
    pid: str = ""
    ipc: str = ""
    uts: str = ""
    userns: str = ""
    cgroup: str = ""
    cgroup_parent: str = ""
    networks: tuple[str, ...] = ()
    memory: int = 0
    cpus: float = 0.0
    cpu_shares: int = 0
    pids: int = 0
    ulimits: Mapping[str, int] = field(default_factory=dict)
    shm: int = 0
    disk: str = ""
    storage: str = ""
    oom_kill_disable: bool = False
    log_driver: str = ""
    log_options: Mapping[str, str] = field(default_factory=dict)
    environment: tuple[tuple[str, str], ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    words: tuple[str, ...] = ()
    sessions: tuple[Session, ...] = ()
    inside: Inside | None = None
    unseen: str = ""
    of_image: Image | None = None
    around: Surroundings = field(default_factory=Surroundings)

    @property
    def untold(self) -> Unknown | NotApplicable:
        """What a check says that needs the kernel's word where there is none."""
        if not self.running:
            return NotApplicable("it does not run")
        return Unknown(self.unseen or "its processes cannot be seen from here")

    @property
    def pulled(self) -> bool | None:
        """Whether a registry has its image; None: that is not known."""
        return self.of_image.pulled if self.of_image is not None else None

    @property
    def processes(self) -> tuple[Process, ...]:
        """Its processes, as far as they are seen."""
        return self.inside.processes if self.inside is not None else ()

    @property
    def main(self) -> Process | None:
        """Its first process."""
        return self.processes[0] if self.processes else None


def container(  # noqa: PLR0913 - each is another source
    shown: Mapping[str, Any],
    around: Surroundings,
    *,
    inside: Inside | None = None,
    unseen: str = "",
    sessions: Iterable[Mapping[str, Any]] = (),
    resolved: Mapping[str, str] | None = None,
    sockets: Mapping[str, str] | None = None,
    devices: Mapping[str, str] | None = None,
    of_image: Image | None = None,
) -> Container:
    """What `docker inspect` shows as a fact. `resolved`: paths of the host with links followed; `sockets`: paths
    that are, or hold, a socket of an engine, and which; `devices`: see `bound_volumes`.
    """
    host, config, state = part(shown, "HostConfig"), part(shown, "Config"), part(shown, "State")
    policy, log = part(host, "RestartPolicy"), part(host, "LogConfig")
    return Container(
        id=str(shown.get("Id") or ""),
        name=str(shown.get("Name") or "").lstrip("/"),
        image=str(config.get("Image") or ""),
        image_id=str(shown.get("Image") or ""),
        running=bool(state.get("Running")),
        status=str(state.get("Status") or ""),
        restarts=int(shown.get("RestartCount") or 0),
        health=_health(state),
        health_test=texts(part(config, "Healthcheck").get("Test")),
        restart="" if policy.get("Name") == "no" else str(policy.get("Name") or ""),
        restart_most=int(policy.get("MaximumRetryCount") or 0),
        user=str(config.get("User") or ""),
        privileged=bool(host.get("Privileged")),
        read_only=bool(host.get("ReadonlyRootfs")),
        cap_add=_capabilities(host.get("CapAdd")),
        cap_drop=_capabilities(host.get("CapDrop")),
        security_opt=texts(host.get("SecurityOpt")),
        # `systempaths=unconfined` is for the client alone: what it sends are empty lists. Privileged ones have null.
        open_paths=[] in (host.get("MaskedPaths"), host.get("ReadonlyPaths")),
        apparmor_profile=str(shown.get("AppArmorProfile") or ""),
        process_label=str(shown.get("ProcessLabel") or ""),
        devices=tuple(str(device.get("PathOnHost") or "") for device in dicts(host.get("Devices"))),
        device_rules=texts(host.get("DeviceCgroupRules")),
        mounts=tuple(_mounts(shown, host, devices or {}, resolved or {}, sockets or {})),
        ports=tuple(_ports(shown)),
        network_mode=str(host.get("NetworkMode") or ""),
        pid=str(host.get("PidMode") or ""),
        ipc=str(host.get("IpcMode") or ""),
        uts=str(host.get("UTSMode") or ""),
        userns=str(host.get("UsernsMode") or ""),
        cgroup=str(host.get("CgroupnsMode") or ""),
        cgroup_parent=str(host.get("CgroupParent") or ""),
        networks=tuple(sorted(part(part(shown, "NetworkSettings"), "Networks"))),
        memory=int(host.get("Memory") or 0),
        cpus=_cpus(host),
        cpu_shares=int(host.get("CpuShares") or 0),
        pids=max(0, int(host.get("PidsLimit") or 0)),
        ulimits={str(one.get("Name")): int(one.get("Hard") or 0) for one in dicts(host.get("Ulimits"))},
        shm=int(host.get("ShmSize") or 0),
        disk=str(part(host, "StorageOpt").get("size") or ""),
        storage=str(shown.get("Driver") or ""),
        oom_kill_disable=bool(host.get("OomKillDisable")),
        log_driver=str(log.get("Type") or ""),
        log_options={str(key): str(value) for key, value in part(log, "Config").items()},
        environment=tuple(
            (name, value) for name, _, value in (text.partition("=") for text in texts(config.get("Env")))
        ),
        labels=tuple((str(key), str(value)) for key, value in list(part(config, "Labels").items())[:MANY]),
        words=(str(shown.get("Path") or ""), *texts(shown.get("Args"))),
        sessions=tuple(map(_session, sessions)),
        inside=inside,
        unseen=unseen,
        of_image=of_image,
        around=around,
    )


def bound_volumes(volumes: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The local volumes that are a directory of the host under another name (`o=bind`), and which, by name."""
    return {
        str(volume.get("Name")): device
        for volume in volumes
        if {"bind", "rbind"} & set(str(part(volume, "Options").get("o") or "").split(","))
        and (device := str(part(volume, "Options").get("device") or "")).startswith("/")
    }


def host_sources(shown: Mapping[str, Any], devices: Mapping[str, str]) -> tuple[str, ...]:
    """The paths of the host that a container mounts, whose links are to be followed on the host."""
    return tuple(
        source for mount in dicts(shown.get("Mounts")) if (source := _bound(mount, devices)).startswith("/")
    )


def _bound(mount: Mapping[str, Any], devices: Mapping[str, str]) -> str:
    """The path of the host that a mount shows; empty where it has a place of its own."""
    if mount.get("Type") == "bind":
        return str(mount.get("Source") or "")
    return devices.get(str(mount.get("Name")), "") if mount.get("Type") == "volume" else ""


def published_protocols(shown: Mapping[str, Any]) -> frozenset[str]:
    """The protocols of a container's published ports."""
    return frozenset(port.protocol for port in _ports(shown))


def _health(state: Mapping[str, Any]) -> str:
    found = str(part(state, "Health").get("Status") or "")
    return "" if found == "none" else found


def _capabilities(value: Any) -> tuple[str, ...]:
    return tuple(text.upper().removeprefix("CAP_") for text in texts(value))


def _cpus(host: Mapping[str, Any]) -> float:
    nano, quota = int(host.get("NanoCpus") or 0), int(host.get("CpuQuota") or 0)
    if nano:
        return nano / 1e9
    return quota / (int(host.get("CpuPeriod") or 0) or 100_000) if quota > 0 else 0.0


def _mounts(
    shown: Mapping[str, Any],
    host: Mapping[str, Any],
    devices: Mapping[str, str],
    resolved: Mapping[str, str],
    sockets: Mapping[str, str],
) -> Iterable[ContainerMount]:
    for mount in dicts(shown.get("Mounts")):
        kind, source = str(mount.get("Type") or ""), str(mount.get("Source") or "")
        paths: tuple[str, ...] = ()
        if bound := _bound(mount, devices):
            kind, source = "bind", bound
            whole = posixpath.normpath("/" + source.lstrip("/"))
            paths = tuple(dict.fromkeys((run(whole), run(resolved.get(source, whole)))))
        yield ContainerMount(
            kind=kind,
            source=source,
            target=str(mount.get("Destination") or ""),
            read_only=not mount.get("RW", True),
            propagation=str(mount.get("Propagation") or ""),
            host=paths,
            socket=sockets.get(source, ""),
        )
    for target, options in part(host, "Tmpfs").items():
        yield ContainerMount(
            kind="tmpfs",
            source="",
            target=str(target),
            read_only=False,
            options=tuple(word for word in str(options).split(",") if word),
        )


def run(path: str) -> str:
    """`/var/run` is `/run`, on every host."""
    return path.removeprefix("/var") if path == "/var/run" or path.startswith("/var/run/") else path


def _ports(shown: Mapping[str, Any]) -> Iterable[ContainerPort]:
    """What the engine really published; where it does not run, what was asked for."""
    published = part(part(shown, "NetworkSettings"), "Ports")
    if not any(published.values()):
        published = part(part(shown, "HostConfig"), "PortBindings")
    for target, bindings in published.items():
        number, _, protocol = str(target).partition("/")
        for binding in dicts(bindings):
            yield ContainerPort(
                address=str(binding.get("HostIp") or ""),
                published=str(binding.get("HostPort") or ""),
                target=number,
                protocol=protocol or "tcp",
            )


def _session(shown: Mapping[str, Any]) -> Session:
    process = part(shown, "ProcessConfig")
    return Session(
        user=str(process.get("user") or ""),
        privileged=bool(process.get("privileged")),
        program=str(process.get("entrypoint") or ""),
    )
