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
    options: str = ""  # of a short-form tmpfs: what follows the colon


class Dependency(_Frozen):
    """An entry of depends_on."""

    service: str
    condition: Literal["service_started", "service_healthy", "service_completed_successfully"]


class Service(_Frozen):
    """One service. `config` is its part of `docker compose config --format json`, `$` not doubled."""

    name: str
    image: str
    config: dict[str, Any]
    user: str | None = None
    privileged: bool = False
    read_only: bool = False
    cap_add: tuple[str, ...] = ()  # upper case, without CAP_
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    mounts: tuple[Mount, ...] = ()
    secrets: tuple[str, ...] = ()  # targets in the container
    network_mode: str = ""  # "", "host", "none", "service:x", "container:x"
    pid: str = ""
    ports: tuple[str, ...] = ()  # "tcp/80": EXPOSE, expose and the targets of ports
    depends_on: tuple[Dependency, ...] = ()
    restart: str = ""
    init: bool | None = None
    memory: int | None = None  # bytes; from mem_limit or deploy.resources.limits
    pids: int | None = None
    cpus: float | None = None
    nofile: int | None = None  # soft limit of ulimits.nofile
    shm_size: int | None = None
    logging: bool = False  # the base names a driver or options
    has_healthcheck: bool = False  # of the base or of the image, and not disabled
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
    stop_signal: str = ""
    tree: dict[str, Entry] = Field(default_factory=dict, repr=False)
