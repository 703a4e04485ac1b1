"""What the sensor sees, as the smallest comparable things: a profile is a set union of facts.

Every fact says in which container (full engine id) and in which phase it was seen, which program did it
(`by`: absolute path of the executable in the container, as the kernel has it) and under which effective uid.
Paths are absolute in the container, symbolic links in the directory part resolved, as bytes decoded with
`surrogateescape`: they come from containers and are hostile.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class WriteKind(StrEnum):
    """How a path was changed."""

    CREATE = "create"  # it did not exist before
    MODIFY = "modify"  # opened for writing, truncated
    REMOVE = "remove"  # unlinked or renamed away
    ATTRIBUTES = "attributes"  # mode, owner, times, extended attributes


class Origin(StrEnum):
    """Where an executed file comes from."""

    IMAGE = "image"  # a layer of the image
    WRITTEN = "written"  # in the upper layer: written after the container was made
    TMPFS = "tmpfs"
    MEMFD = "memfd"
    MOUNT = "mount"  # a volume or bind mount
    UNKNOWN = "unknown"  # this kernel does not tell


class RefusedBecause(StrEnum):
    """What kind of no the kernel said."""

    READ_ONLY = "read-only"  # EROFS; `what` is the full path
    PERMISSION = "permission"  # EACCES or EPERM on a path, no capability asked; `what` is the full path
    FULL = "full"  # ENOSPC; `what` is the path of the file or directory
    NO_EXEC = "noexec"  # EACCES at execve, EPERM at mmap(PROT_EXEC); `what` is the path
    CAPABILITY = "capability"  # `what` is the name without CAP_, e.g. "CHOWN"
    # refused by seccomp; `what` is the system call's name, with the kind of socket: "semget", "socket AF_CAN"
    SYSCALL = "syscall"
    PROCESSES = "processes"  # fork or clone, EAGAIN; `what` is empty
    FILES = "files"  # EMFILE; `what` is empty
    MEMORY = "memory"  # killed by the out-of-memory killer; `what` is empty


class Direction(StrEnum):
    """Who opened a connection, seen from the container."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """The common part of all facts."""

    container: str
    phase: str
    by: str
    uid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Syscalls:
    """The system calls of one container in one phase, by name; `arch` is the kernel's name (x86_64, i386)."""

    container: str
    phase: str
    arch: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CapabilityAsked(Fact):
    """The kernel asked whether the task has a capability. `hint`: a no-audit question; None: cannot tell."""

    name: str
    granted: bool
    hint: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write(Fact):
    """A path was changed. `filesystem` is the kernel's name of its type (overlay, tmpfs, ext4, …)."""

    path: str
    kind: WriteKind
    filesystem: str
    syscall: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened(Fact):
    """A file or directory was opened, not for writing."""

    path: str
    filesystem: str
    directory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedExecutable(Fact):
    """A file was mapped with PROT_EXEC: a program, a library, or code made at run time."""

    path: str
    filesystem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed(Fact):
    """A program was started. `script` is what execve named when that is not the binary itself (#! scripts).

    `setid`: the file has a set-user-ID or set-group-ID bit that changed the credentials.
    """

    path: str
    script: str
    origin: Origin
    setid: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity(Fact):
    """A program ran under these effective ids (`uid` of Fact is the same uid). `main`: it is process 1.

    Sent when a program is executed and when a set*id call changes the ids.
    """

    gid: int
    main: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening(Fact):
    """A socket listens (tcp) or is bound (udp). `address` is textual, without a zone."""

    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketMade(Fact):
    """socket(2) or socketpair(2) gave what was asked for. `kind` is `lacre.seccomp.socket_kind`'s: `AF_INET/tcp`."""

    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer(Fact):
    """A connection or datagram. OUT: `address` and `port` are the peer's. IN: `port` is the local one."""

    direction: Direction
    protocol: str
    address: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Fact):
    """The kernel said no. `errno` is positive.

    `question`: only asked (access, faccessat), nothing was attempted.
    `writing`: the call meant to create, change or remove (open with write flags, mkdir, chown, …).
    `path`: what the system call was about, where it names one, so a refused DAC_OVERRIDE says on which file.
    """

    because: RefusedBecause
    what: str
    syscall: str
    errno: int
    question: bool
    writing: bool
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """Numbers of one container in one phase."""

    container: str
    phase: str
    forks: int
    tasks_peak: int  # processes and threads at the same time
    fds_peak: int  # highest descriptor number handed out, plus one
    oom_kills: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Distinct facts that did not fit into the kernel's tables; zero on a good run."""

    facts: int


AnyFact = (
    Syscalls
    | CapabilityAsked
    | Write
    | Opened
    | MappedExecutable
    | Executed
    | Identity
    | Listening
    | SocketMade
    | Peer
    | Refusal
    | Counters
    | Lost
)
