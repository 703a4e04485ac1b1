"""A project's resolved configuration with the seal put in: what is proved, and what the override must give.

Where a setting is off, the base's stays as it was. What the base has and the seal does not speak of stays,
in the base's order and spelling; so a merge by Compose and this come to the same.
"""

from __future__ import annotations

import copy
import posixpath
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path, PurePath
from typing import Any

from lacre.render.words import capability, tmpfs
from lacre.seal.model import FileSystem, Limits, ServiceSeal

Config = dict[str, Any]


def sealed_service(base: Config, seal: ServiceSeal, seccomp_path: str, *, read_only: bool = True) -> Config:
    """One service of a resolved configuration with its seal in it; `seccomp_path` is written as it is.

    `read_only` False: the root stays writable whatever the seal says (`refuses_read_only`).
    """
    service = copy.deepcopy(base)
    _user(service, seal)
    _capabilities(service, seal)
    _security(service, seal, seccomp_path)
    _filesystem(service, seal.filesystem, read_only=read_only)
    if not seal.limits.off:
        _limits(service, seal.limits)
    if not seal.logging.off and seal.logging.driver is not None and "logging" not in base:
        service["logging"] = {"driver": seal.logging.driver}
        if seal.logging.options:
            service["logging"]["options"] = dict(seal.logging.options)
    return service


def sealed_project(
    config: Config, seals: Mapping[str, ServiceSeal], output: PurePath, directory: Path
) -> Config:
    """The whole resolved configuration (`$` not doubled) with the seals of its services in it.

    `output` is the directory that holds `seccomp/SERVICE.json` and `configs/NAME`; if relative, then to the
    project's `directory`. Services without a seal stay as they are.
    """
    project = copy.deepcopy(config)
    for name, seal in seals.items():
        if name in project.get("services", {}):
            project["services"][name] = sealed_service(
                project["services"][name],
                seal,
                seccomp_path(output, name),
                read_only=not refuses_read_only(config, name),
            )
    for name in inline_configs(config, seals):
        entry = project["configs"][name]
        del entry["content"]
        entry["file"] = posixpath.normpath(directory / output / "configs" / name)
    volumes = new_volumes(config, seals)
    if volumes:
        project["volumes"] = {**(project.get("volumes") or {}), **volumes}
    return project


def seccomp_path(output: PurePath, service: str) -> str:
    """Where the profile of a service lies, as Compose is told: from the project's directory."""
    return (output / "seccomp" / f"{service}.json").as_posix()


def new_volumes(config: Config, seals: Mapping[str, ServiceSeal]) -> dict[str, Config]:
    """The top-level volumes that the seals bring, as `config` prints them."""
    names = {volume.name for seal in seals.values() for volume in seal.filesystem.volumes}
    known = config.get("volumes") or {}
    return {name: {"name": f"{config.get('name', '')}_{name}"} for name in sorted(names) if name not in known}


def refuses_read_only(config: Config, service: str) -> str:
    """Why Compose refuses `read_only` for a service; empty if it does not.

    Secrets from `environment:` (and configs from it, which may hold one) are copied in at creation. To make
    them files would put them on the disk.
    """
    inline = [
        f"{kind[:-1]} {source}"
        for kind in ("secrets", "configs")
        for source in _sources(config, service, kind)
        if "environment" in (config.get(kind) or {}).get(source, {})
        or (kind == "secrets" and "content" in (config.get(kind) or {}).get(source, {}))
    ]
    return (
        f"{', '.join(inline)} from the environment cannot be put into a read-only container" if inline else ""
    )


def inline_configs(config: Config, seals: Mapping[str, ServiceSeal]) -> dict[str, str]:
    """The configs given by `content:` that a sealed service mounts under a read-only root: name → content."""
    names = {
        source
        for name, seal in seals.items()
        if name in config.get("services", {}) and is_read_only(config, name, seal)
        for source in _sources(config, name, "configs")
    }
    configs = config.get("configs") or {}
    return {name: configs[name]["content"] for name in sorted(names) if "content" in configs.get(name, {})}


def is_read_only(config: Config, service: str, seal: ServiceSeal) -> bool:
    """Whether a service has a read-only root once it is sealed."""
    if seal.filesystem.off or not seal.filesystem.read_only:
        return bool(config["services"][service].get("read_only"))
    return not refuses_read_only(config, service)


def _sources(config: Config, service: str, kind: str) -> list[str]:
    entries = config.get("services", {}).get(service, {}).get(kind) or []
    return [entry if isinstance(entry, str) else entry["source"] for entry in entries]


def _user(service: Config, seal: ServiceSeal) -> None:
    if seal.user.off:
        return
    if seal.user.user is not None:
        service["user"] = seal.user.user
    _add(service, "group_add", seal.user.group_add)


def _capabilities(service: Config, seal: ServiceSeal) -> None:
    if seal.capabilities.off:
        return
    # The engine gives a privileged container every capability, whatever is dropped.
    service.pop("privileged", None)
    wanted = seal.capabilities.add
    kept = [name for name in service.get("cap_add") or [] if capability(name) in wanted]
    _set(service, "cap_add", [*kept, *sorted(wanted - {capability(name) for name in kept})])
    # What the base drops by name may stay beside ALL: it changes nothing, and taking it away needs
    # `!override`.
    dropped = service.get("cap_drop") or []
    _set(service, "cap_drop", dropped if "ALL" in map(capability, dropped) else [*dropped, "ALL"])


def _security(service: Config, seal: ServiceSeal, path: str) -> None:
    options: list[str] = list(service.get("security_opt") or [])
    ours = f"seccomp={path}" if seal.syscalls.base == "allow-list" and not seal.syscalls.off else ""
    if ours or seal.syscalls.base == "docker-default":
        options = [option for option in options if _security_key(option) != "seccomp" or option == ours]
    if ours and ours not in options:
        options.append(ours)
    if seal.privileges.no_new_privileges and not seal.privileges.off:
        same = [option for option in options if _security_key(option) == "no-new-privileges"]
        if not any(_is_on(option) for option in same) or len(same) > 1:
            options = [option for option in options if option not in same]
            options.append("no-new-privileges:true")
    _set(service, "security_opt", options)


def _security_key(option: str) -> str:
    return option.replace("=", ":").partition(":")[0]


def _is_on(option: str) -> bool:
    return option.replace("=", ":").partition(":")[2] in {"", "true", "1"}


def _filesystem(service: Config, setting: FileSystem, *, read_only: bool) -> None:
    if setting.read_only and not setting.off and read_only:
        service["read_only"] = True
    sealed = {_path(mount.path): tmpfs(mount) for mount in setting.tmpfs}
    named = {_path(volume.path): volume.name for volume in setting.volumes}
    read_only_mounts = set(map(_path, setting.read_only_mounts))

    strings = service.get("tmpfs") or []
    strings = [strings] if isinstance(strings, str) else list(strings)
    strings = [sealed.get(_tmpfs_path(text), text) for text in strings if _tmpfs_path(text) not in named]
    present = set(map(_tmpfs_path, strings))
    _set(service, "tmpfs", [*strings, *(text for path, text in sealed.items() if path not in present)])

    volumes = []
    for entry in service.get("volumes") or []:
        target = _path(entry["target"])
        if target in sealed:
            continue
        if target in named:
            entry = _volume(named.pop(target), entry["target"])  # noqa: PLW2901
        elif target in read_only_mounts:
            entry["read_only"] = True
        volumes.append(entry)
    _set(service, "volumes", [*volumes, *(_volume(name, path) for path, name in named.items())])


def _volume(name: str, target: str) -> Config:
    return {"type": "volume", "source": name, "target": target}


def _tmpfs_path(text: str) -> str:
    return _path(text.partition(":")[0])


def _path(path: str) -> str:
    return posixpath.normpath(path)


def _limits(service: Config, setting: Limits) -> None:
    """Limits go where the base has them: Compose refuses different values in the two places."""
    deploy = (service.get("deploy") or {}).get("resources", {}).get("limits")
    entries: tuple[tuple[Any, str, str, Callable[[Any], Any]], ...] = (
        (setting.memory, "mem_limit", "memory", str),
        (setting.pids, "pids_limit", "pids", int),
        (setting.cpus, "cpus", "cpus", _number),
    )
    for value, flat, deployed, spelled in entries:
        if value is None:
            continue
        if deploy is not None:
            deploy[deployed] = spelled(value)
        if deploy is None or flat in service:
            service[flat] = spelled(value)
    if setting.init:
        service["init"] = True
    if setting.nofile is not None:
        service["ulimits"] = {
            **(service.get("ulimits") or {}),
            "nofile": {"soft": setting.nofile, "hard": setting.nofile},
        }


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _add(service: Config, key: str, items: Iterable[str]) -> None:
    present = [str(item) for item in service.get(key) or []]
    _set(service, key, [*present, *(item for item in items if item not in present)])


def _set(service: Config, key: str, items: list[Any]) -> None:
    if items:
        service[key] = items
    else:
        service.pop(key, None)
