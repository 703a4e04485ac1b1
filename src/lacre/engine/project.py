"""A project as Compose resolved it: only what lacre has to understand, beside the resolved text itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Mount(_Frozen):
    """One mount of a service, as the base has it (tmpfs of either syntax included)."""

    kind: Literal["volume", "bind", "tmpfs", "other"]
    target: str
    source: str = ""  # volume's key in the project, host path, or empty (anonymous)
    read_only: bool = False
    inherited: bool = False  # by volumes_from: another service's, and not this one's to change
    options: str = ""  # of a tmpfs: what follows the colon of the short form; of the long form the same words


class Dependency(_Frozen):
    """An entry of depends_on."""

    service: str
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Service(_Frozen):
    """One service. `config` is its part of `docker compose config --format json`, `$` not doubled."""

    name: str
    image: str
    config: dict[str, Any]
    built: bool = False  # the project has a build section for it: its image is never pulled
    user: str | None = None
    privileged: bool = False
    read_only: bool = False
    cap_add: tuple[str, ...] = ()  # upper case, without CAP_
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    secrets: tuple[str, ...] = ()  # targets in the container
    configs: tuple[str, ...] = ()  # targets in the container
    inline_secrets: tuple[str, ...] = ()  # keys of secrets without a file: refused by Compose under read_only
    inline_configs: tuple[str, ...] = ()  # keys of configs without a file: likewise
    network_mode: str = ""  # "", "host", "none", "service:x", "container:x"
    pid: str = ""
    ports: tuple[str, ...] = ()  # "tcp/80": EXPOSE (once completed with the image), expose, targets of ports
    depends_on: tuple[Dependency, ...] = ()
    restart: str = ""
    init: bool | None = None
    memory: int | None = None  # bytes; from mem_limit or deploy.resources.limits
    pids: int | None = None
    memory_reserved: int | None = None  # bytes; the engine refuses a limit below it
    cpus: float | None = None
    limits_in_deploy: bool = False  # the base states a limit under deploy.resources.limits
    nofile: int | None = None  # soft limit of ulimits.nofile
    shm_size: int | None = None
    logging: bool = False  # the base names a driver or options
    has_healthcheck: bool = False  # of the base or (once completed) of the image, and not disabled
    healthcheck_disabled: bool = False
    one_off: bool = False  # some service waits for its successful end
    replicas: int = 1


class Project(_Frozen):
    """The target. `directory` is where relative paths of the files start."""

    name: str
    directory: Path
    files: tuple[Path, ...]
    profiles: tuple[str, ...] = ()
    config: dict[str, Any]  # the whole resolved configuration, `$` not doubled
    services: dict[str, Service]


class Entry(_Frozen):
    """One file of an image."""

    kind: Literal["file", "directory", "link", "device", "fifo"]
    mode: int  # permission bits with set-id and sticky
    uid: int
    gid: int
    size: int = 0
    link: str = ""  # target of a symbolic link


class ImageInfo(_Frozen):
    """An image: what its configuration declares and what its file system holds (absolute paths)."""

    reference: str
    id: str
    layers: tuple[str, ...]
    architecture: str
    user: str = ""
    volumes: tuple[str, ...] = ()
    exposed: tuple[str, ...] = ()  # "tcp/80"
    environment: dict[str, str] = Field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    directory: str = "/"  # where the main process starts
    stop_signal: str = ""
    healthcheck: bool = False
    health_interval: float = 0.0  # seconds; 0: the engine's default
    health_retries: int = 0  # 0: the engine's default
    names: dict[str, int] = Field(default_factory=dict, repr=False)  # login name → uid
    accounts: dict[int, int] = Field(default_factory=dict, repr=False)  # uid → primary gid
    memberships: dict[int, tuple[int, ...]] = Field(default_factory=dict, repr=False)  # uid → further gids
    tree: dict[str, Entry] = Field(default_factory=dict, repr=False)
