"""One service of Compose files, as checks look at it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lacre.audit.facts.text import Text
from lacre.audit.model import NotApplicable, Place, Unknown

if TYPE_CHECKING:
    from lacre.audit.facts.dockerfile import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """Something mounted. `host` are the host paths that it shows, absolute and clean: as written (`/run` for
    `/var/run`), and as symbolic links on this machine resolve. `~` stays for somebody's home directory.
    """

    kind: str  # "bind", "volume", "tmpfs", "npipe", "cluster", "image"
    target: str
    place: Place
    path: str
    source: Text | None = None
    host: tuple[str, ...] = ()
    read_only: bool = False
    propagation: str = ""
    options: tuple[str, ...] = ()
    via: str = ""  # how it comes here, if not directly: "volumes_from db"

    @property
    def unknown(self) -> str:
        """Why the source is not known, or nothing."""
        return "" if self.source is None or self.source.known else self.source.why_unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A published port, numbers as text since they may be ranges. `address` empty: all addresses."""

    address: str
    published: str
    target: str
    protocol: str
    place: Place
    path: str
    unset: tuple[str, ...] = ()


class Room(NamedTuple):
    """Where a key can be put in: right before the one that stands at `place`; `flow`: in braces."""

    place: Place
    flow: bool


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of the environment, a build argument or a label. `value` None: taken from outside."""

    name: str
    value: Text | None
    place: Place
    path: str


@dataclass(frozen=True, slots=True)
class EnvFile:
    """A file of variables that a service reads: those of its values that could be read here."""

    name: Text
    variables: tuple[Variable, ...]
    unread: str = ""  # why it was not read


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How a service's image is built. `stage` is the stage of the Dockerfile, where it could be read.

    `folder` is the context and `file` the Dockerfile, where both are known and on this machine; `target` is the stage
    that is named, empty where none is.
    """

    place: Place
    arguments: tuple[Variable, ...] = ()
    privileged: Text | None = None
    network: Text | None = None
    entitlements: tuple[Text, ...] = ()
    dockerfile: Text | None = None
    folder: Path | None = None
    file: Path | None = None
    target: str = ""
    stage: Stage | None = None
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service. Lists are empty and values None where the files say nothing. `at` is its name's place.

    `excuse` is set where something that is not there cannot be held against it: an override file's piece of a
    service, or a service whose base could not be read.
    """

    name: str
    at: Place
    file: str
    image: Text | None = None
    build: Build | None = None
    user: Text | None = None
    privileged: Text | None = None
    read_only: Text | None = None
    network_mode: Text | None = None
    pid: Text | None = None
    ipc: Text | None = None
    uts: Text | None = None
    userns_mode: Text | None = None
    cgroup: Text | None = None
    cgroup_parent: Text | None = None
    restart: Text | None = None
    restart_attempts: Text | None = None
    runtime: Text | None = None
    oom_kill_disable: Text | None = None
    api_socket: Text | None = None
    hooks_privileged: tuple[Text, ...] = ()  # of post_start and pre_stop
    memory: Text | None = None
    cpus: Text | None = None
    pids: Text | None = None
    cap_add: tuple[Text, ...] = ()
    cap_drop: tuple[Text, ...] = ()
    security_opt: tuple[Text, ...] = ()
    devices: tuple[Text, ...] = ()
    device_rules: tuple[Text, ...] = ()
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    expose: tuple[Text, ...] = ()
    environment: tuple[Variable, ...] = ()
    env_files: tuple[EnvFile, ...] = ()
    labels: tuple[Variable, ...] = ()
    command: tuple[Text, ...] = ()
    entrypoint: tuple[Text, ...] = ()
    sysctls: tuple[Variable, ...] = ()
    ulimits: tuple[Variable, ...] = ()
    networks: tuple[Text, ...] = ()
    groups: tuple[Text, ...] = ()
    health_test: tuple[Text, ...] = ()
    health_off: Text | None = None
    log_driver: Text | None = None
    log_options: tuple[Variable, ...] = ()
    log_room: Room | None = None  # where `options` can be put in, when there are none
    neighbours: int = 0  # other services of the project
    external_networks: tuple[str, ...] = ()
    excuse: NotApplicable | Unknown | None = None
