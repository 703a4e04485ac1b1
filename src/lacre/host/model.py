"""What hardening a host is made of: settings, their values now and later, who needs what, changes, steps.

Frozen data classes; nothing here reads or writes. A value is text: a sysctl's as the kernel prints it, with
single blanks; a key of daemon.json as compact JSON (`false`, `"10m"`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Profile(StrEnum):
    """What the host is for."""

    CONTAINER_HOST = "container-host"  # runs containers, nobody works on it
    BUILD_HOST = "build-host"  # builds images, runs tests and tools of developers
    DEV = "dev"  # somebody's own machine: debuggers, browsers, traces


class Kind(StrEnum):
    """Where a setting lives."""

    SYSCTL = "sysctl"
    ENGINE = "engine"
    BOOT = "boot parameter"


class Severity(StrEnum):
    """How bad it is where an intruder meets a host without it; the words of `lacre audit`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Need(StrEnum):
    """What a setting takes away; `needs` finds who on this host uses it."""

    FORWARDING = "forwarding"
    USER_NAMESPACES = "user namespaces"
    PTRACE_BY_RELATIVES = "ptrace without the capability"
    PTRACE_BY_STRANGERS = "ptrace of a process that is no child"
    BPF = "BPF without a capability"
    BPF_SPEED = "BPF programs at full speed"
    PERF = "perf without a capability"
    IO_URING = "io_uring"
    USERFAULTFD = "userfaultfd"
    KEXEC = "a crash kernel"
    ASYMMETRIC = "answers by another way"
    ROUTER_ADVERTISEMENTS = "router advertisements"
    CORE_DUMPS = "core dumps of set-uid programs"
    DEFAULT_BRIDGE = "talk on the default bridge"
    UNMAPPED_USERS = "containers with the host's uids"
    PRIVILEGE_GAIN = "set-uid programs in containers"
    SWARM = "Swarm"
    OPEN_FILES = "many open files"
    LOOPBACK_PUBLISHED = "published ports by way of the proxy"
    LOG_FILES = "the engine's log files"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`write` is what lacre would set. As good are the values in `also`, numbers from `least` to `most`, and,
    where `never` has any, every value that is not in it.
    """

    write: str
    also: tuple[str, ...] = ()
    least: int | None = None
    most: int | None = None
    never: tuple[str, ...] = ()
    needs: tuple[Need, ...] | None = None  # None: those of the setting

    def accepts(self, value: str) -> bool:
        """Whether `value` is good enough."""
        if value == self.write or value in self.also:
            return True
        if self.never:
            return value not in self.never
        if (self.least is None and self.most is None) or not re.fullmatch(r"-?\d{1,20}", value):
            return False
        number = int(value)
        return (self.least is None or number >= self.least) and (self.most is None or number <= self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """What the kernel or engine takes where nobody says anything.

    `configured` are values by a symbol of the kernel's configuration that is `y`; `value` holds otherwise,
    None: it differs, and is not known.
    """

    value: str | None = None
    configured: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One row of the table.

    `key` is a path below /proc/sys, which may hold `*` (`net/ipv4/conf/*/send_redirects`); or a path in
    daemon.json (`log-opts/max-size`); or a boot parameter. `title` says what is true once it is set, `why`
    what that stops, `breaks` what it may break, `only_told` why lacre never writes it itself. `one_way`: the
    kernel does not take it back before a restart. `reload`: a running dockerd takes it at SIGHUP. `network`: dockerd
    leaves it as it was when it starts and containers have run on (live-restore). `given`:
    what the rest of the table must hold for it to make sense, a key and its values.
    """

    id: str
    kind: Kind
    key: str
    title: str
    why: str
    sources: tuple[str, ...]
    severity: Severity
    wanted: Mapping[Profile, Wanted]
    breaks: str = ""
    needs: tuple[Need, ...] = ()
    default: Default = Default()
    one_way: bool = False
    reload: bool = False
    network: bool = False
    only_told: str = ""
    given: tuple[str, tuple[str, ...]] | None = None

    @property
    def name(self) -> str:
        """The key as people write it."""
        return self.key.replace("/", ".") if self.kind is not Kind.BOOT else self.key


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is written: a file, and a line from 1 (0: the file as a whole, or no file)."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True, order=True)
class User:
    """Somebody on this host who needs something. `who`: a process with its pid and container, a network, …

    `sure` False: it may need it; nothing shows that it does.
    """

    who: str
    what: str
    sure: bool = True


class Verdict(StrEnum):
    """Whether a value is as wanted."""

    GOOD = "good"
    BAD = "bad"
    ABSENT = "not here"  # this kernel or engine has no such key
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyState:
    """One concrete key. `now` and `later` are values, None where there is none or it is unknown; `later` is
    what holds after a restart of the machine (of the engine). `decides` is the place that says so; where
    nobody does, `decided_by` is the kernel's or engine's own default, in words.
    """

    key: str
    now: str | None
    now_verdict: Verdict
    later: str | None
    later_verdict: Verdict
    decides: Place | None = None
    decided_by: str = ""
    why_unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What holds for one setting on this host, under one profile."""

    setting: Setting
    wanted: Wanted
    keys: tuple[KeyState, ...]
    users: tuple[User, ...] = ()

    @property
    def now(self) -> Verdict:
        """The worst of its keys now."""
        return _worst([key.now_verdict for key in self.keys])

    @property
    def later(self) -> Verdict:
        """The worst of its keys after a restart."""
        return _worst([key.later_verdict for key in self.keys])

    @property
    def target(self) -> str:
        """What to write: the value that is there, where it is good enough, else the one of the table."""
        there = {key.now for key in self.keys}
        only = there.pop() if len(there) == 1 else None
        return only if only is not None and self.wanted.accepts(only) else self.wanted.write

    @property
    def needs(self) -> tuple[Need, ...]:
        """What it takes away under this profile, as far as its users show themselves."""
        return self.setting.needs if self.wanted.needs is None else self.wanted.needs

    @property
    def needed(self) -> bool:
        """Whether somebody here surely needs what it takes away."""
        return any(user.sure for user in self.users)

    @property
    def blind(self) -> bool:
        """Whether it may break something of which nothing on a host shows who needs it."""
        return bool(self.setting.breaks) and not self.needs


_ORDER = (Verdict.BAD, Verdict.UNKNOWN, Verdict.GOOD, Verdict.ABSENT)


def _worst(verdicts: list[Verdict]) -> Verdict:
    return min(verdicts, key=_ORDER.index, default=Verdict.ABSENT)


class Risk(StrEnum):
    """What a change may do to this host."""

    NONE = "none"  # nothing is known that it could break
    POSSIBLE = "possible"  # it can break something; nobody here was seen to need it
    BREAKS = "breaks"  # somebody here needs it


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One line of a plan.

    `values` are the keys to set now (old and new); `line` whether its line goes into the file. `held` says why
    it is not made; `notes` what to know besides.
    """

    state: State
    risk: Risk
    values: tuple[tuple[str, str | None, str], ...]
    file: str
    line: bool
    held: str = ""
    notes: tuple[str, ...] = ()

    @property
    def setting(self) -> Setting:
        """The setting it is for."""
        return self.state.setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that `apply` would do, and what it would not. `texts` are the files as they would be."""

    profile: Profile
    changes: tuple[Change, ...]
    held: tuple[Change, ...]
    texts: tuple[tuple[str, bytes], ...]
    diff: str = ""
    restart: tuple[str, ...] = ()  # engine settings in force only after its restart
    warnings: tuple[str, ...] = ()
