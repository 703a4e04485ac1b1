"""What the engine says of itself and its containers that a setting of the host could touch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lacre.engine.connection import told

if TYPE_CHECKING:
    from lacre.engine.docker import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Contained:
    """A running container; `published`: it has ports on the host."""

    id: str
    name: str
    networks: tuple[str, ...]
    privileged: bool
    host_users: bool
    host_namespaces: tuple[str, ...]
    no_new_privileges: bool
    published: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DaemonFacts:
    """The engine now. `security` are its security options (`name=seccomp,profile=builtin`, …); `icc` None: it
    has no default bridge.
    """

    version: str
    root_dir: str
    local: bool
    live_restore: bool
    experimental: bool
    logging_driver: str
    swarm: bool
    security: tuple[str, ...]
    icc: bool | None
    containers: tuple[Contained, ...]


def daemon_facts(engine: Engine) -> DaemonFacts:
    """Asks the engine; raises EngineError. A container that goes away meanwhile is left out."""
    with told("asking the engine about itself"):
        info: dict[str, Any] = engine.api.info()
        bridges: list[dict[str, Any]] = engine.api.networks(names=["bridge"])
        ids = [str(shown["Id"]) for shown in engine.api.containers()]
    option = next(
        ((net.get("Options") or {}).get("com.docker.network.bridge.enable_icc") for net in bridges
         if net.get("Name") == "bridge"),
        None,
    )  # fmt: skip
    return DaemonFacts(
        version=str(info.get("ServerVersion") or ""),
        root_dir=str(info.get("DockerRootDir") or ""),
        local=engine.info().local,
        live_restore=bool(info.get("LiveRestoreEnabled")),
        experimental=bool(info.get("ExperimentalBuild")),
        logging_driver=str(info.get("LoggingDriver") or ""),
        swarm=(info.get("Swarm") or {}).get("LocalNodeState") not in ("", "inactive", None),
        security=tuple(info.get("SecurityOptions") or ()),
        icc=None if option is None else option == "true",
        containers=tuple(_contained(shown) for id in ids if (shown := _inspected(engine, id)) is not None),
    )


def _inspected(engine: Engine, id: str) -> dict[str, Any] | None:
    from lacre.errors import EngineError  # noqa: PLC0415 - beside its only use

    try:
        return engine.inspect(id)
    except EngineError:
        return None


def _contained(shown: Mapping[str, Any]) -> Contained:
    host = shown.get("HostConfig") or {}
    options = [str(option) for option in host.get("SecurityOpt") or ()]
    networks = (shown.get("NetworkSettings") or {}).get("Networks") or {}
    return Contained(
        id=str(shown["Id"]),
        name=str(shown.get("Name", "")).lstrip("/"),
        networks=tuple(sorted(networks)),
        privileged=bool(host.get("Privileged")),
        host_users=host.get("UsernsMode") == "host",
        host_namespaces=tuple(
            name
            for name, key in (("pid", "PidMode"), ("net", "NetworkMode"), ("ipc", "IpcMode"))
            if host.get(key) == "host"
        ),
        no_new_privileges=any(
            option.replace("=", ":") in ("no-new-privileges", "no-new-privileges:true") for option in options
        ),
        published=any((host.get("PortBindings") or {}).values()),
    )
