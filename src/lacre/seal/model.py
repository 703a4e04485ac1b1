"""The seal: what one project, service by service, is allowed, and the evidence for each grant.

A seal is a value: frozen, comparable, and the same whether it was just derived or read from `lacre.yaml`.
Each control of a service has a setting of its own; the fields of `ServiceSeal` carry the controls' names
(`lacre.seal.controls` registers them). Sizes are bytes, CPU is in cores, modes are octal numbers.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from lacre.seccomp import SOCKET_KIND, socket_tests

SCHEMA_VERSION: Final = 1


class Margin(StrEnum):
    """How much room a seal leaves beyond what was observed."""

    EXACT = "exact"
    NORMAL = "normal"
    WIDE = "wide"


def _printable(text: object) -> object:
    """Text from a container may hold bytes that are no UTF-8 (decoded with surrogateescape): shown as \\xNN."""
    if isinstance(text, str):
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return text


def _known_kind(kind: str) -> str:
    socket_tests(kind)
    return kind


SocketKind = Annotated[str, Field(pattern=SOCKET_KIND), AfterValidator(_known_kind)]
Seen = Annotated[str, BeforeValidator(_printable)]
Guessed = SkipJsonSchema[Annotated[bool, Field(exclude=True)]]
"""Given, or given up, because a phase failed, not because a refusal showed the need. The prove loop tries without it
before it ends, so it means nothing in a seal that is written, and is not written."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Grant(_Frozen):
    """One thing that a seal allows, and why: who did it, in which phase, in which run."""

    what: Seen
    reason: Seen
    by: Seen = ""
    phase: str = ""
    run: str = ""
    guessed: Guessed = False


class LeftRefused(_Frozen):
    """Something that stays refused under the seal although the application tried it."""

    what: Seen
    reason: Seen
    by: Seen = ""
    phase: str = ""


class Setting(_Frozen):
    """What every control's setting has: its grants, what it leaves refused, and why it is off (if it is)."""

    grants: tuple[Grant, ...] = ()
    left: tuple[LeftRefused, ...] = ()
    off: Seen = Field(
        default="", description="The reason why this control is given up; empty while it holds."
    )

    @property
    def trouble(self) -> str:
        """Why this control does not do what it is for; empty while it does."""
        return self.off


class User(Setting):
    """Who the application runs as. `user` None: as the base has it."""

    user: str | None = Field(default=None, pattern=r"^\d+:\d+$", description="UID:GID, as numbers.")
    group_add: tuple[str, ...] = ()
    root: bool = Field(default=True, description="Whether the main process starts with uid 0.")

    @property
    def ids(self) -> tuple[int, int] | None:
        """Uid and gid as numbers; None: as the base has them."""
        if self.user is None:
            return None
        uid, _, gid = self.user.partition(":")
        return int(uid), int(gid)


class Capabilities(Setting):
    """Drop ALL, add these back (names without CAP_)."""

    add: frozenset[str] = frozenset()
    defeated: Seen = Field(
        default="", description="Why what stays granted is as good as all of them; or empty."
    )

    @property
    def trouble(self) -> str:
        """Off, or on in name only."""
        return self.off or self.defeated


class Tmpfs(_Frozen):
    """A tmpfs mount: always nosuid and nodev, noexec unless `exec`."""

    path: str
    size: int
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    exec: bool = False


class NamedVolume(_Frozen):
    """A named volume at a path of the image; Docker copies the image's content and owner into it."""

    path: str
    name: str


class FileSystem(Setting):
    """Read-only root, and what stays writable. `read_only_mounts`: targets of base mounts turned `:ro`.

    Off, the root stays writable; the mounts are there all the same: what may vanish is bounded, and code runs from no
    tmpfs that need not be `exec`.
    """

    read_only: bool = True
    tmpfs: tuple[Tmpfs, ...] = ()
    volumes: tuple[NamedVolume, ...] = ()
    read_only_mounts: tuple[str, ...] = ()


class Syscalls(Setting):
    """The seccomp policy. `base`: our own allow-list, Docker's default profile, or what the project had."""

    base: Literal["allow-list", "docker-default", "unchanged"] = "allow-list"
    observed: frozenset[str] = frozenset()
    allowed: frozenset[str] = Field(
        default=frozenset(), description="Everything allowed, `observed` included."
    )
    sockets: frozenset[SocketKind] | None = Field(
        default=None,
        description="Kinds of sockets that may be made: a family, with the protocol where that tells it apart."
        " None: all that Docker's default profile allows.",
    )


class Privileges(Setting):
    """no-new-privileges, and what takes the container's own privileges away."""

    no_new_privileges: bool = True
    guessed: Guessed = False


class Limits(Setting):
    """None: left as the base has it (or unlimited). Memory in bytes, cpus in cores.

    `init`: the engine's init reaps orphans, which otherwise lie about as zombies and fill the limit on processes.
    """

    memory: int | None = None
    pids: int | None = None
    cpus: float | None = None
    nofile: int | None = None
    init: bool | None = None


class Logging(Setting):
    """Driver and options set where the base sets none; None: left as it is."""

    driver: str | None = None
    options: dict[str, str] = Field(default_factory=dict)
    files: tuple[Seen, ...] = Field(default=(), description="Log files that the application writes inside.")


class Network(Setting):
    """Reported, not yet enforced: what listens, who is reached."""

    listening: tuple[str, ...] = Field(default=(), description="PROTOCOL/PORT")
    reaches: tuple[str, ...] = Field(default=(), description="SERVICE:PROTOCOL/PORT or ADDRESS:PROTOCOL/PORT")


class Image(_Frozen):
    """Which image the seal was proved with; `layers` are the RootFS diff ids (image ids differ between stores)."""

    reference: str
    layers: tuple[str, ...]
    architecture: str


CONTROLS = ("user", "capabilities", "filesystem", "syscalls", "privileges", "limits", "logging")


class Completeness(_Frozen):
    """How complete the exercise was, said honestly. Times are seconds since the observation began."""

    phases: tuple[str, ...] = ()
    observed_for: float = 0.0
    last_new_fact: float = 0.0
    untouched_ports: tuple[str, ...] = ()
    unused_programs: int = 0


class ServiceSeal(_Frozen):
    """The seal of one service: one setting for each control."""

    image: Image
    user: User
    capabilities: Capabilities
    filesystem: FileSystem
    syscalls: Syscalls
    privileges: Privileges
    limits: Limits
    logging: Logging
    network: Network
    completeness: Completeness = Completeness()
    notes: tuple[Seen, ...] = ()
    stopped: tuple[str, ...] = Field(
        default=(), description="Attacks that were seen stopped under this seal, by identifier."
    )


class Exercise(_Frozen):
    """One `--exercise`, as typed; `service` empty: for the whole project."""

    command: str
    service: str = ""


class Ground(_Frozen):
    """Where the seal was proved."""

    engine: str
    kernel: str
    cgroup: Literal[1, 2]
    apparmor: bool
    compose: str


class Seal(_Frozen):
    """The seal of a project: what `lacre.yaml` holds."""

    version: Literal[1] = SCHEMA_VERSION
    project: str
    margin: Margin
    exercises: tuple[Exercise, ...] = ()
    files: tuple[str, ...] = Field(
        default=(), description="The Compose files, relative to the project directory."
    )
    profiles: tuple[str, ...] = ()
    source: str = Field(
        default="", description="SHA-256 of the resolved base configuration, secrets' values left out."
    )
    ground: Ground
    trials: int = Field(
        default=0, description="How often a twin was run under a draft before this seal was written."
    )
    services: dict[str, ServiceSeal]
