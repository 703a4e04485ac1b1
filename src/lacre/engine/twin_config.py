"""From a project's resolved configuration to that of its twin: pure.

What makes a twin: names, ports, networks, volumes, host namespaces and sockets. Everything else is the
project's (docs/decisions/0031 has the reason for each line). `Host` carries what has to be looked up.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from lacre.engine.egress import Egress
from lacre.engine.normalise import port_names

HostThing = Literal["socket", "pid", "net", "ipc", "uts"]
PathKind = Literal["directory", "file", "socket", "other", "absent"]

_LOCAL_LOGS = ("json-file", "local", "none")
_KERNEL_TREES = ("/proc", "/sys", "/dev")
_KEPT_NETWORK_OPTIONS = ("com.docker.network.bridge.enable_icc", "com.docker.network.driver.mtu")
# Of a service: what is of no meaning in a twin, or would touch what is outside of it.
_DROPPED_KEYS = (
    "build",
    "container_name",
    "develop",
    "extends",
    "external_links",
    "labels",
    "mac_address",
    "networks",
    "ports",
    "profiles",
    "pull_policy",
)
_DNS_PORT = 53
_UNPROVED = "so what needs it is not proved"
# Where no server outside is reached the engine's resolver never answers for a name that it does not know (20.10):
# with the C library's own waiting that is 20.2 s for each, and looks like a hang; with these 5.2 s (measured).
_QUICK_DNS = ("timeout:1", "attempts:1")


class Warned(NamedTuple):
    """What the twin of a service has not got, or has otherwise than the original."""

    service: str
    what: str


class HostPath(NamedTuple):
    """What a bind mount's source is; `real`: without symbolic links."""

    kind: PathKind
    real: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What `twin_config` has to know of the host. `copies`: the directory for copies of single files."""

    paths: Mapping[str, HostPath] = field(default_factory=dict)
    sockets: tuple[str, ...] = ()  # real paths of engines' sockets
    mounts: tuple[str, ...] = ()  # mount points below sources
    copies: str = ""
    port_start: int = 1024  # net.ipv4.ip_unprivileged_port_start


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinOptions:
    """What the user lets a twin have. `owner` and `id` are its labels' values."""

    id: str = "twin"
    owner: str = ""
    allow_egress: tuple[Egress, ...] = ()
    allow_host: frozenset[HostThing] = frozenset()
    clone_data: bool = False


class BindCopy(NamedTuple):
    """A writable host path that the twin gets as an overlay or a copy: in `volume`, or as the file `path`."""

    source: str
    kind: Literal["directory", "file"]
    number: int
    volume: str  # the engine's name; of a directory
    path: str  # on the engine's host; of a file


class VolumeClone(NamedTuple):
    """A volume of the original whose content goes into one of the twin's, before anything starts."""

    original: str
    volume: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TwinPlan:
    """The twin's configuration (`$` not doubled) and what has to be there before Compose sees it."""

    config: dict[str, Any]
    warnings: tuple[Warned, ...] = ()
    copies: tuple[BindCopy, ...] = ()
    clones: tuple[VolumeClone, ...] = ()


def bind_sources(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The host paths that the services mount, volumes that are bind mounts by their options included."""
    volumes: Mapping[str, Any] = config.get("volumes") or {}
    sources = []
    for service in (config.get("services") or {}).values():
        for mount in service.get("volumes") or ():
            source = _bind_source(mount, volumes)
            if source:
                sources.append(source)
    return tuple(dict.fromkeys(sources))


def twin_config(
    config: Mapping[str, Any], *, name: str, options: TwinOptions, host: Host | None = None
) -> TwinPlan:
    """The twin named `name` of a resolved configuration (`$` not doubled)."""
    return _Twinning(config, name, options, host or Host()).plan()


class _Twinning:
    def __init__(self, config: Mapping[str, Any], name: str, options: TwinOptions, host: Host) -> None:
        self.base = config
        self.name = name
        self.options = options
        self.host = host
        self.services: Mapping[str, Mapping[str, Any]] = config.get("services") or {}
        self.base_volumes: Mapping[str, Any] = config.get("volumes") or {}
        self.warnings: list[Warned] = []
        self.copies: dict[str, BindCopy] = {}
        self.clones: list[VolumeClone] = []
        self.volumes: dict[str, Any] = {}
        self.networks: set[str] = set(config.get("networks") or {})
        self.labels = {"lacre.twin": options.id, "lacre.owner": options.owner}
        self.by_container_name = {
            str(service["container_name"]): key
            for key, service in self.services.items()
            if service.get("container_name")
        }
        self.written = self._written_sources()

    def plan(self) -> TwinPlan:
        if self.options.allow_egress:
            named = ", ".join(one.typed for one in self.options.allow_egress)
            closed = all(
                (self.base.get("networks") or {}).get(key, {}).get("internal") for key in self.networks
            )
            self._warn(
                "",
                f"its networks are internal in the project itself: {named} stays out of reach"
                if closed and self.networks
                else f"outside it reaches {named}, and nothing else",
            )
        services = {key: self._service(key, service) for key, service in self.services.items()}
        result: dict[str, Any] = {"name": self.name, "services": services}
        if self.networks:
            result["networks"] = {key: self._network(key) for key in sorted(self.networks)}
        if self.volumes:
            result["volumes"] = self.volumes
        for kind in ("secrets", "configs"):
            if self.base.get(kind):
                result[kind] = {
                    key: {k: v for k, v in (entry or {}).items() if k not in ("name", "labels")}
                    for key, entry in self.base[kind].items()
                }
        return TwinPlan(
            config=result,
            warnings=tuple(dict.fromkeys(self.warnings)),
            copies=tuple(self.copies.values()),
            clones=tuple(dict.fromkeys(self.clones)),
        )

    def _warn(self, service: str, what: str) -> None:
        self.warnings.append(Warned(service, what))

    def _allowed(self, thing: HostThing) -> bool:
        return thing in self.options.allow_host

    # Services

    def _service(self, key: str, base: Mapping[str, Any]) -> dict[str, Any]:
        service = {name: value for name, value in base.items() if name not in _DROPPED_KEYS}
        service["image"] = base.get("image") or f"{self.base.get('name')}-{key}"
        service["labels"] = dict(self.labels)
        if self._allowed("socket"):  # who reads labels reads them through the socket
            service["labels"] = {**_as_mapping(base.get("labels")), **self.labels}
        if base.get("deploy"):
            service["deploy"] = {k: v for k, v in base["deploy"].items() if k != "labels"}
        if base.get("external_links"):
            self._warn(key, "external_links: containers outside of the project are not reached")
        if base.get("ports"):
            service["expose"] = self._expose(base)
        self._namespaces(key, base, service)
        self._network_of(key, base, service)
        self._logging(key, base, service)
        if base.get("volumes_from"):
            kept = [item for item in base["volumes_from"] if not str(item).startswith("container:")]
            service["volumes_from"] = kept
            if len(kept) < len(base["volumes_from"]):
                self._warn(key, "volumes_from a container outside of the project is left out")
        if base.get("volumes"):
            service["volumes"] = [mount for entry in base["volumes"] for mount in self._mount(key, entry)]
        return service

    def _expose(self, base: Mapping[str, Any]) -> list[str]:
        exposed = [str(item) for item in base.get("expose") or ()]
        for port in base["ports"]:
            for spelled in port_names(str(port.get("target")), str(port.get("protocol") or "tcp")):
                protocol, _, number = spelled.partition("/")
                exposed.append(number if protocol == "tcp" else f"{number}/{protocol}")
        return list(dict.fromkeys(exposed))

    def _namespaces(self, key: str, base: Mapping[str, Any], service: dict[str, Any]) -> None:
        kinds: tuple[tuple[str, HostThing], ...] = (("pid", "pid"), ("ipc", "ipc"), ("uts", "uts"))
        for name, thing in kinds:
            value = str(base.get(name) or "")
            if value == "host" and not self._allowed(thing):
                del service[name]
                self._warn(key, f"{name}: host is not handed over, {_UNPROVED} (--allow-host {thing} does)")
            elif value.startswith("container:"):
                self._of_container(key, service, name, value)

    def _of_container(self, key: str, service: dict[str, Any], name: str, value: str) -> bool:
        """Turns `container:X` into `service:Y` if X is the project's own (and says so); else drops it."""
        own = self.by_container_name.get(value.removeprefix("container:"))
        if own is not None:
            service[name] = f"service:{own}"
            return True
        del service[name]
        self._warn(key, f"{name}: {value} is outside of the project and left out")
        return False

    def _network_of(self, key: str, base: Mapping[str, Any], service: dict[str, Any]) -> None:
        mode = str(base.get("network_mode") or "")
        if mode == "none" or mode.startswith("service:"):
            return
        if mode.startswith("container:") and self._of_container(key, service, "network_mode", mode):
            return
        if mode == "host" and self._allowed("net"):
            return
        service.pop("network_mode", None)
        entries: Mapping[str, Any] = base.get("networks") or {"default": None}
        if mode == "host":
            service["sysctls"] = {
                **_as_mapping(base.get("sysctls")),
                "net.ipv4.ip_unprivileged_port_start": str(self.host.port_start),
            }
            self._warn(
                key, "network_mode: host becomes a bridge of the twin's own (--allow-host net does not)"
            )
        if mode:
            entries = {"default": None}
        aliases = [str(base["container_name"])] if base.get("container_name") else []
        service["networks"] = {
            network: self._attachment(key, entry or {}, aliases) for network, entry in entries.items()
        }
        self.networks.update(entries)
        self._pinned_names(base, service)
        if not any(one.port == _DNS_PORT for one in self.options.allow_egress):
            chosen = [str(option) for option in base.get("dns_opt") or ()]
            taken = {option.partition(":")[0] for option in chosen}
            service["dns_opt"] = [*chosen, *(o for o in _QUICK_DNS if o.partition(":")[0] not in taken)]

    def _pinned_names(self, base: Mapping[str, Any], service: dict[str, Any]) -> None:
        """Names that are let through mean in the twin what they meant when its firewall was made.

        A name may have other addresses at the next question; and no resolver outside need be let through for it.
        """
        known = _hosts(base.get("extra_hosts"))
        pinned = [
            f"{one.name}:{address}"
            for one in self.options.allow_egress
            for address in one.pinned
            if one.name not in {entry.partition(":")[0] for entry in known}
        ]
        if pinned:
            service["extra_hosts"] = [*known, *dict.fromkeys(pinned)]

    def _attachment(self, key: str, entry: Mapping[str, Any], more: list[str]) -> dict[str, Any]:
        if any(entry.get(name) for name in ("ipv4_address", "ipv6_address", "link_local_ips")):
            self._warn(key, "its fixed address is not kept: it would be the original's")
        kept = {name: entry[name] for name in ("priority", "gw_priority") if entry.get(name) is not None}
        aliases = list(dict.fromkeys([*(entry.get("aliases") or ()), *more]))
        if aliases:
            kept["aliases"] = aliases
        return kept

    def _network(self, key: str) -> dict[str, Any]:
        base: Mapping[str, Any] = (self.base.get("networks") or {}).get(key) or {}
        driver = str(base.get("driver") or "bridge")
        if driver != "bridge":
            self._warn("", f"network {key}: driver {driver} becomes a bridge")
        result: dict[str, Any] = {"name": f"{self.name}_{key}", "labels": dict(self.labels)}
        if not self.options.allow_egress or base.get("internal"):
            result["internal"] = True
        kept = {k: v for k, v in (base.get("driver_opts") or {}).items() if k in _KEPT_NETWORK_OPTIONS}
        if kept and driver == "bridge":
            result["driver_opts"] = kept
        return result

    def _logging(self, key: str, base: Mapping[str, Any], service: dict[str, Any]) -> None:
        driver = str((base.get("logging") or {}).get("driver") or "")
        if driver and driver not in _LOCAL_LOGS:
            service["logging"] = {"driver": "json-file"}
            self._warn(key, f"logging driver {driver} becomes json-file: its log stays here")

    # Mounts

    def _written_sources(self) -> frozenset[str]:
        """Real paths of directories that some service may write: who reads them must see the same overlay."""
        found = set()
        for service in self.services.values():
            for mount in service.get("volumes") or ():
                source = _bind_source(mount, self.base_volumes)
                if source and not mount.get("read_only"):
                    found.add(self._host_path(source).real)
        return frozenset(found)

    def _host_path(self, source: str) -> HostPath:
        return self.host.paths.get(source) or HostPath("directory", posixpath.normpath(source))

    def _mount(self, key: str, entry: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        source = _bind_source(entry, self.base_volumes)
        if source:
            return self._bind(key, entry, source)
        if entry.get("type") == "volume" and entry.get("source"):
            return [self._volume(key, entry)]
        return [dict(entry)]

    def _volume(self, key: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        volume = str(entry["source"])
        base: Mapping[str, Any] = self.base_volumes.get(volume) or {}
        mount = dict(entry)
        if (entry.get("volume") or {}).get("subpath"):
            mount["volume"] = {k: v for k, v in entry["volume"].items() if k != "subpath"}
            self._warn(key, f"volume {volume}: its subpath is the twin's whole volume")
        if volume in self.volumes:
            return mount
        name = f"{self.name}_{volume}"
        definition: dict[str, Any] = {"name": name, "labels": dict(self.labels)}
        options: Mapping[str, Any] = base.get("driver_opts") or {}
        driver = str(base.get("driver") or "local")
        if driver == "local" and options.get("type") == "tmpfs":
            definition["driver_opts"] = dict(options)
        elif self.options.clone_data:
            definition = {"name": name, "external": True}
            original = str(base.get("name") or f"{self.base.get('name')}_{volume}")
            self.clones.append(VolumeClone(original, name))
        elif base.get("external") or options or driver != "local":
            self._warn(key, f"volume {volume} is a new, empty one: the original's content is not in the twin")
        self.volumes[volume] = definition
        return mount

    def _bind(self, key: str, entry: Mapping[str, Any], source: str) -> Iterable[dict[str, Any]]:
        kind, real = self._host_path(source)
        target = str(entry.get("target"))
        read_only = bool(entry.get("read_only"))
        match kind:
            case "socket":
                if self._allowed("socket"):
                    return [_only(entry, source)]
                whose = "the engine's socket" if real in self.host.sockets else f"the socket {source}"
                self._warn(
                    key, f"{whose} at {target} is not handed over, {_UNPROVED} (--allow-host socket does)"
                )
                return []
            case "absent":
                return [self._fresh(entry, real)]
            case "file":
                return [self._file(entry, source, real)]
            case "other":
                return [_only(entry, source)]
        if any(real == tree or real.startswith(tree + "/") for tree in _KERNEL_TREES):
            if not read_only:
                self._warn(key, f"{source} of the host is read-only in the twin")
            return [{**_only(entry, source), "read_only": True}]
        if real in self.written:
            return [self._overlay(key, entry, source, real)]
        return [_only(entry, source), *self._masks(key, real, target)]

    def _overlay(self, key: str, entry: Mapping[str, Any], source: str, real: str) -> dict[str, Any]:
        if any(mount.startswith(real.rstrip("/") + "/") for mount in self.host.mounts):
            self._warn(key, f"what is mounted below {source} is not in the twin")
        if any(_within(socket, real) for socket in self.host.sockets) and not self._allowed("socket"):
            self._warn(key, f"the engine's socket below {source} is not handed over")
        copy = self.copies.get(real)
        if copy is None:
            index = len(self.copies)
            copy = BindCopy(real, "directory", index, f"{self.name}_bind-{index}", "")
            self.copies[real] = copy
        volume = f"lacre-bind-{copy.number}"
        self.volumes[volume] = {"name": copy.volume, "external": True}
        return self._as_volume(entry, volume)

    def _fresh(self, entry: Mapping[str, Any], real: str) -> dict[str, Any]:
        """The path is not there: Compose would make an empty directory, the twin gets an empty volume."""
        known = [v for v in self.volumes if v.startswith("lacre-absent-")]
        volume = next((v for v in known if self.volumes[v].get("x-source") == real), "")
        if not volume:
            volume = f"lacre-absent-{len(known)}"
            self.volumes[volume] = {
                "name": f"{self.name}_absent-{len(known)}",
                "labels": dict(self.labels),
                "x-source": real,
            }
        return self._as_volume(entry, volume)

    def _file(self, entry: Mapping[str, Any], source: str, real: str) -> dict[str, Any]:
        if real not in self.written:
            return _only(entry, source)
        copy = self.copies.get(real)
        if copy is None:
            index = len(self.copies)
            copy = BindCopy(real, "file", index, "", f"{self.host.copies}/file-{index}")
            self.copies[real] = copy
        return {**_only(entry, copy.path), "source": copy.path}

    def _as_volume(self, entry: Mapping[str, Any], volume: str) -> dict[str, Any]:
        mount = {
            "type": "volume",
            "source": volume,
            "target": entry.get("target"),
            "volume": {"nocopy": True},  # a bind mount never takes the image's content
        }
        if entry.get("read_only"):
            mount["read_only"] = True
        return mount

    def _masks(self, key: str, real: str, target: str) -> Iterable[dict[str, Any]]:
        """Read-only does not keep anybody from talking to a socket: the engine's are covered."""
        if self._allowed("socket"):
            return
        for socket in self.host.sockets:
            if _within(socket, real):
                inside = posixpath.join(target, posixpath.relpath(socket, real))
                self._warn(
                    key,
                    f"the engine's socket at {inside} is not handed over, {_UNPROVED} (--allow-host socket does)",
                )
                yield {"type": "bind", "source": "/dev/null", "target": inside, "read_only": True}


def _only(entry: Mapping[str, Any], source: str) -> dict[str, Any]:
    """The bind mount as it was, but never one that makes a directory on the host."""
    bind = {**(entry.get("bind") or {}), "create_host_path": False}
    bind.pop("propagation", None)
    return {
        "type": "bind",
        "source": source,
        "target": entry.get("target"),
        "bind": bind,
        **({"read_only": True} if entry.get("read_only") else {}),
    }


def _bind_source(mount: Mapping[str, Any], volumes: Mapping[str, Any]) -> str:
    """The host path of a bind mount, or of a `local` volume that is one by its options; else empty."""
    if mount.get("type") == "bind":
        return str(mount.get("source") or "")
    if mount.get("type") == "volume":
        options = ((volumes.get(str(mount.get("source") or "")) or {}).get("driver_opts")) or {}
        if "bind" in str(options.get("o") or "").replace("rbind", "bind").split(","):
            return str(options.get("device") or "")
    return ""


def _within(path: str, directory: str) -> bool:
    return path.startswith(directory.rstrip("/") + "/")


def _hosts(value: Any) -> list[str]:
    """`extra_hosts` as `name:address`, which every Compose understands; resolved it is `name=address` since 2.24."""
    if isinstance(value, Mapping):
        return [
            f"{name}:{address}"
            for name, found in value.items()
            for address in (found if isinstance(found, list) else [found])
        ]
    return [str(entry).replace("=", ":", 1) for entry in value or ()]


def _as_mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    pairs = (str(item).partition("=") for item in value or ())
    return {key: text for key, _, text in pairs}
