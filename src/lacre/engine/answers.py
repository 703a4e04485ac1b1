"""What the engine answers about itself and about a container, as models."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from lacre.engine.remapped import first_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineInfo:
    """What the engine says about itself.

    `local`: it runs on this kernel, so the sensor can watch it. `podman`: it only speaks like Docker's.
    `first_ids`: the host's numbers of a container's user 0 and group 0, which are others with userns-remap.
    """

    version: str
    kernel: str
    cgroup: Literal[1, 2]
    cgroup_driver: str
    apparmor: bool
    seccomp: bool
    userns: bool
    first_ids: tuple[int, int]
    rootless: bool
    podman: bool
    storage_driver: str
    root_dir: str
    architecture: str
    cpus: int
    memory: int
    local: bool
    logging_driver: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerState:
    """A container now. `health` is "" without a health check; times are the engine's RFC 3339 texts."""

    running: bool
    status: str
    exit_code: int
    health: Literal["", "starting", "healthy", "unhealthy"]
    pid: int
    oom_killed: bool
    restart_count: int
    started_at: str
    finished_at: str


def engine_info(told_info: Mapping[str, Any], told_version: Mapping[str, Any], address: str) -> EngineInfo:
    """From `/info` and `/version`. AttributeError, TypeError or ValueError where one has not an engine's shape."""
    components = [str((part or {}).get("Name") or "") for part in told_version.get("Components") or ()]
    options = [str(option) for option in told_info.get("SecurityOptions") or ()]

    def has(name: str) -> bool:
        return any(option == f"name={name}" or option.startswith(f"name={name},") for option in options)

    release = str(told_info.get("KernelVersion") or "")
    root_dir = str(told_info.get("DockerRootDir") or "")
    # Podman has a flag of its own for it.
    rootless = has("rootless") or bool(told_info.get("Rootless"))
    return EngineInfo(
        version=str(told_info.get("ServerVersion") or ""),
        kernel=release,
        cgroup=2 if str(told_info.get("CgroupVersion") or "1") == "2" else 1,
        cgroup_driver=str(told_info.get("CgroupDriver") or ""),
        apparmor=has("apparmor"),
        seccomp=has("seccomp"),
        userns=has("userns"),
        first_ids=(first_ids(root_dir) if has("userns") else None) or (0, 0),
        rootless=rootless,
        podman="Podman Engine" in components,
        logging_driver=str(told_info.get("LoggingDriver") or ""),
        storage_driver=str(told_info.get("Driver") or ""),
        root_dir=root_dir,
        architecture=str(told_info.get("Architecture") or ""),
        cpus=int(told_info.get("NCPU") or 0),
        memory=int(told_info.get("MemTotal") or 0),
        local=address.startswith("unix://")
        and not rootless
        and release == platform.release()
        and str(told_info.get("Name") or "") == platform.node(),
    )


def container_state(told_container: Mapping[str, Any]) -> ContainerState:
    """From `/containers/ID/json`."""
    state: Mapping[str, Any] = told_container.get("State") or {}
    health = str((state.get("Health") or {}).get("Status") or "")
    return ContainerState(
        running=bool(state.get("Running")) and not state.get("Restarting"),
        status=str(state.get("Status") or ""),
        exit_code=int(state.get("ExitCode") or 0),
        health=health if health in ("starting", "healthy", "unhealthy") else "",  # type: ignore[arg-type]
        pid=int(state.get("Pid") or 0),
        oom_killed=bool(state.get("OOMKilled")),
        restart_count=int(told_container.get("RestartCount") or 0),
        started_at=str(state.get("StartedAt") or ""),
        finished_at=str(state.get("FinishedAt") or ""),
    )
