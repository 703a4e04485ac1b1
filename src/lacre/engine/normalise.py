"""From Compose's resolved configuration to the models of `project`: pure, no engine, no files.

The words of Compose come in several spellings for one thing (limits in two places, tmpfs in two syntaxes,
capabilities with and without CAP_, numbers as strings); here each gets one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lacre.engine.project import Dependency, ImageInfo, Mount, Project, Service

_CONDITIONS = ("service_started", "service_healthy", "service_completed_successfully")
_UNITS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_SIZE = re.compile(r"^\s*(\d+(?:\.\d+)?)\s*([bkmgtp]?)(?:i?b)?\s*$", re.IGNORECASE)
_PORT = re.compile(r"^(\d{1,5})(?:-(\d{1,5}))?(?:/([a-z]+))?$")
_RANGE_LIMIT = 4096  # ports of one range that are spelled out; nobody exercises more


def undouble(value: Any) -> Any:
    """`value` with every `$$` of its strings (keys too) made `$`: Compose doubles them when it prints."""
    return _each_string(value, lambda text: text.replace("$$", "$"))


def double(value: Any) -> Any:
    """`value` with every `$` of its strings doubled, so that Compose reads back what was meant."""
    return _each_string(value, lambda text: text.replace("$", "$$"))


def _each_string(value: Any, change: Any) -> Any:
    match value:
        case str():
            return change(value)
        case Mapping():
            return {change(str(key)): _each_string(inner, change) for key, inner in value.items()}
        case list() | tuple():
            return [_each_string(inner, change) for inner in value]
        case _:
            return value


def readable(config: dict[str, Any]) -> dict[str, Any]:
    """`config` as Compose can read it back, which is not always what it prints (seen with 2.40.3).

    `ulimits: {core: 0}` is printed as `{core: {}}`, and `{soft: 0, hard: 5}` as `{hard: 5}`. A dependency that is not
    required stays when its service is left out, being in no active profile, and is then an error.
    """
    services = config.get("services") or {}
    for service in services.values():
        needs = service.get("depends_on")
        if isinstance(needs, Mapping) and not needs.keys() <= services.keys():
            service["depends_on"] = {name: entry for name, entry in needs.items() if name in services}
        for name, limit in (service.get("ulimits") or {}).items():
            if isinstance(limit, Mapping):
                service["ulimits"][name] = {"soft": 0, "hard": 0, **limit}
    return config


def size_in_bytes(value: Any) -> int | None:
    """Bytes of `512m`, `"1073741824"`, `1.5g` or a number; None for nothing, zero and unlimited."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return int(value) if value > 0 else None
    found = _SIZE.match(str(value))
    if not found:
        return None
    return int(float(found[1]) * _UNITS[found[2].lower()]) or None


def capability(name: str) -> str:
    """`cap_chown`, `CAP_CHOWN` and `chown` are CHOWN."""
    return name.upper().removeprefix("CAP_")


def port_names(spelled: str, protocol: str = "tcp") -> Iterator[str]:
    """`80`, `80/udp` and `80-82/tcp` as `tcp/80`, …; nothing for what is no port."""
    found = _PORT.match(str(spelled).strip())
    if not found:
        return
    first = int(found[1])
    last = int(found[2] or first)
    for number in range(first, min(last, first + _RANGE_LIMIT, 65535) + 1):
        if number:
            yield f"{found[3] or protocol}/{number}"


def project_from_config(
    config: Mapping[str, Any], *, directory: Path, files: Sequence[Path] = (), profiles: Sequence[str] = ()
) -> Project:
    """The project that a resolved configuration (`$` not doubled) describes."""
    services: Mapping[str, Mapping[str, Any]] = config.get("services") or {}
    awaited = {
        dependency.service
        for service in services.values()
        for dependency in _dependencies(service)
        if dependency.condition == "service_completed_successfully"
    }
    name = str(config.get("name") or directory.name)
    found = {
        key: _service(key, service, config, name, one_off=key in awaited) for key, service in services.items()
    }
    return Project(
        name=name,
        directory=directory,
        files=tuple(files),
        profiles=tuple(profiles),
        config=dict(config),
        services={key: _inheriting(service, found) for key, service in found.items()},
    )


def completed(service: Service, image: ImageInfo) -> Service:
    """`service` with what its image declares and the files cannot show: EXPOSE and HEALTHCHECK."""
    return service.model_copy(
        update={
            "ports": _unique([*service.ports, *image.exposed]),
            "has_healthcheck": service.has_healthcheck
            or (image.healthcheck and not service.healthcheck_disabled),
        }
    )


def _service(
    name: str, config: Mapping[str, Any], whole: Mapping[str, Any], project: str, *, one_off: bool
) -> Service:
    deploy: Mapping[str, Any] = config.get("deploy") or {}
    resources: Mapping[str, Any] = deploy.get("resources") or {}
    limits: Mapping[str, Any] = resources.get("limits") or {}
    reserved: Mapping[str, Any] = resources.get("reservations") or {}
    health: Mapping[str, Any] = config.get("healthcheck") or {}
    disabled = bool(health.get("disable")) or list(health.get("test") or [])[:1] == ["NONE"]
    return Service(
        name=name,
        image=str(config.get("image") or f"{project}-{name}"),
        built="build" in config,
        config=dict(config),
        user=None if config.get("user") is None else str(config["user"]),
        privileged=bool(config.get("privileged")),
        read_only=bool(config.get("read_only")),
        cap_add=_unique(capability(item) for item in config.get("cap_add") or ()),
        cap_drop=_unique(capability(item) for item in config.get("cap_drop") or ()),
        security_opt=tuple(str(item) for item in config.get("security_opt") or ()),
        mounts=tuple(_mounts(config)),
        secrets=_targets(config.get("secrets"), "/run/secrets/", relative="/run/secrets/"),
        configs=_targets(config.get("configs"), "/", relative="/"),
        inline_secrets=_inline(config.get("secrets"), whole.get("secrets")),
        inline_configs=_inline(config.get("configs"), whole.get("configs")),
        network_mode=str(config.get("network_mode") or ""),
        pid=str(config.get("pid") or ""),
        ports=_ports(config),
        depends_on=tuple(_dependencies(config)),
        restart=str(config.get("restart") or ""),
        init=config.get("init"),
        memory=size_in_bytes(config.get("mem_limit")) or size_in_bytes(limits.get("memory")),
        pids=_positive(config.get("pids_limit")) or _positive(limits.get("pids")),
        memory_reserved=size_in_bytes(config.get("mem_reservation")) or size_in_bytes(reserved.get("memory")),
        cpus=_fraction(config.get("cpus")) or _fraction(limits.get("cpus")),
        limits_in_deploy=bool(limits),
        nofile=_soft_limit((config.get("ulimits") or {}).get("nofile")),
        shm_size=size_in_bytes(config.get("shm_size")),
        logging=bool(config.get("logging")),
        has_healthcheck=bool(health.get("test")) and not disabled,
        healthcheck_disabled=disabled,
        one_off=one_off,
        replicas=_replicas(config, deploy),
    )


def _inheriting(service: Service, services: Mapping[str, Service]) -> Service:
    """`service` with the mounts that `volumes_from` brings: all of the other's but tmpfs, files of secrets too."""
    own = {mount.target for mount in service.mounts}
    brought = {m.target: m for m in _brought(service, services, {service.name}) if m.target not in own}
    return service.model_copy(update={"mounts": (*service.mounts, *brought.values())}) if brought else service


def _brought(service: Service, services: Mapping[str, Service], seen: set[str]) -> Iterator[Mount]:
    for item in service.config.get("volumes_from") or ():
        name, _, mode = str(item).partition(":")
        if name not in services or name in seen:  # container:NAME is outside of the project
            continue
        other = services[name]
        files = (
            Mount(kind="other", target=path, read_only=True) for path in (*other.secrets, *other.configs)
        )
        for mount in (*other.mounts, *files, *_brought(other, services, {*seen, name})):
            if mount.kind != "tmpfs":
                yield mount.model_copy(
                    update={"inherited": True, "read_only": mount.read_only or mode == "ro"}
                )


def _dependencies(config: Mapping[str, Any]) -> Iterator[Dependency]:
    entries = config.get("depends_on") or {}
    if not isinstance(entries, Mapping):
        entries = {name: {} for name in entries}
    for name, entry in entries.items():
        condition = (entry or {}).get("condition")
        yield Dependency(service=name, condition=condition if condition in _CONDITIONS else "service_started")


def _mounts(config: Mapping[str, Any]) -> Iterator[Mount]:
    for entry in config.get("volumes") or ():
        kind = entry.get("type")
        options = ""
        if kind == "tmpfs":
            options = _tmpfs_words(entry.get("tmpfs") or {})
        yield Mount(
            kind=kind if kind in ("volume", "bind", "tmpfs") else "other",
            target=str(entry.get("target") or ""),
            source=str(entry.get("source") or ""),
            read_only=bool(entry.get("read_only")),
            options=options,
        )
    tmpfs = config.get("tmpfs") or ()
    for spelled in [tmpfs] if isinstance(tmpfs, str) else tmpfs:
        target, _, options = str(spelled).partition(":")
        yield Mount(kind="tmpfs", target=target, options=options, read_only="ro" in options.split(","))


def _tmpfs_words(entry: Mapping[str, Any]) -> str:
    """The long syntax's size (bytes) and mode (a number, decimal in JSON) in the words of the short one."""
    words = []
    if (size := size_in_bytes(entry.get("size"))) is not None:
        words.append(f"size={size}")
    if entry.get("mode") is not None:
        words.append(f"mode={int(entry['mode']):o}")
    return ",".join(words)


def _targets(entries: Any, default: str, *, relative: str) -> tuple[str, ...]:
    found = []
    for entry in entries or ():
        source = str(entry if isinstance(entry, str) else entry.get("source"))
        target = "" if isinstance(entry, str) else str(entry.get("target") or "")
        if not target:
            target = default + source
        elif not target.startswith("/"):
            target = relative + target
        found.append(target)
    return tuple(found)


def _inline(entries: Any, definitions: Any) -> tuple[str, ...]:
    """Keys of the secrets or configs of a service that come from no file."""
    keys = _unique(str(entry if isinstance(entry, str) else entry.get("source")) for entry in entries or ())
    known: Mapping[str, Mapping[str, Any]] = definitions or {}
    return tuple(key for key in keys if key in known and not (known[key] or {}).get("file"))


def _ports(config: Mapping[str, Any]) -> tuple[str, ...]:
    names: list[str] = []
    for spelled in config.get("expose") or ():
        names.extend(port_names(str(spelled)))
    for entry in config.get("ports") or ():
        if isinstance(entry, Mapping):
            names.extend(port_names(str(entry.get("target")), str(entry.get("protocol") or "tcp")))
    return _unique(names)


def _replicas(config: Mapping[str, Any], deploy: Mapping[str, Any]) -> int:
    for value in (config.get("scale"), deploy.get("replicas")):
        if value is not None:
            return int(value)
    return 1


def _soft_limit(value: Any) -> int | None:
    if isinstance(value, Mapping):
        value = value.get("soft", value.get("hard"))
    return _positive(value)


def _positive(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if number > 0 else None


def _fraction(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number > 0 else None


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(items))
