"""An attack: one harmless, bounded probe of what an intruder who already executes code in a container does next.

An attack is data and one pure function: from what is known about the container (`Scene`) to the steps that the
native program (`native/attacks.c`) is to take there, or to the reason why there is nothing to try. Sizes are
bytes, times seconds, CPU in cores; paths are the container's.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

from lacre.engine import Entry


class Group(StrEnum):
    """What an intruder is after."""

    WRITING = "writing"
    EXECUTING = "dropping and executing"
    EXHAUSTING = "exhausting"
    ESCAPING = "escaping"
    KERNEL = "kernel surface"
    SPYING = "spying and moving"


class Result(StrEnum):
    """How an attack ended."""

    WORKED = "worked"
    STOPPED = "stopped"
    NOT_APPLICABLE = "not applicable"  # there is nothing here to try it on
    ERROR = "error"  # it could not run, so nothing is known


PlaceKind = Literal["root", "tmpfs", "volume", "bind", "device", "kernel", "host"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One mount of the container, as its own /proc/self/mountinfo has it.

    `kind`: "device" is /dev itself and the shared memory below it is a "tmpfs"; "kernel" is proc, sysfs, cgroup, …;
    "host" is the host's own, which nothing is put into.
    `size`: how much fits into it, None where nothing bounds it.
    """

    path: str
    kind: PlaceKind
    filesystem: str
    writable: bool
    executable: bool  # not noexec
    setuid: bool  # not nosuid
    size: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Another service of the twin's project. `needed`: TCP ports that the service was seen to speak to."""

    service: str
    address: str
    ports: tuple[int, ...]
    needed: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The limits in force; None: no limit."""

    memory: int | None = None
    pids: int | None = None
    cpus: float | None = None
    nofile: int | None = None
    log: int | None = None  # bytes at which the engine's log file is rotated; None: never


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is known about the container that is attacked, before the first step."""

    service: str
    uid: int
    gid: int
    groups: frozenset[int] = frozenset()  # supplementary
    process: int  # the number of the application's process, in the container
    first: int  # of the process that the engine started there, whose output it keeps as the log
    program: str  # the executable of the application's process
    directory: str  # its working directory
    places: tuple[Place, ...]
    image: Mapping[str, Entry] = field(repr=False)
    capable_files: tuple[str, ...] = ()  # image files that carry capabilities (capabilities(7))
    neighbours: tuple[Neighbour, ...] = ()
    bounds: Bounds = Bounds()
    host_memory: int = 0
    host_cpus: int = 1
    cgroup: Literal[1, 2] = 2
    own_pids: bool = True  # it has a process namespace of its own
    other_processes: tuple[int, ...] = ()  # numbers of further processes of the same uid; never the host's
    protocols: frozenset[str] = frozenset()  # registered in this kernel: first column of /proc/net/protocols
    engine_sockets: tuple[str, ...] = ()  # of an engine, mounted into the container
    gateway: str = ""  # the host's address on the twin's network
    log_file: bool = True  # the engine writes the container's log to a file of its host
    closed: bool = True  # the twin's networks lead nowhere else

    def place(self, path: str) -> Place:
        """The mount that holds `path`."""
        return max(
            (p for p in self.places if path == p.path or path.startswith(p.path.rstrip("/") + "/")),
            key=lambda p: len(p.path),
        )

    def writable(self, *kinds: PlaceKind) -> tuple[Place, ...]:
        """The mounts of these kinds that can be written to, by options alone (owners may still refuse)."""
        return tuple(place for place in self.places if place.writable and place.kind in kinds)


class Counter(StrEnum):
    """What the host counts around a step, where the container itself cannot tell what came of it."""

    NONE = ""
    CPU_PERIODS = (
        "CPU periods"  # in which the kernel enforced a CPU limit: a busy host seldom lets it be reached
    )
    LOG = "log"  # bytes of the one log file that the engine is writing; less than before: it was rotated


@dataclass(frozen=True, slots=True)
class Step:
    """One run of the native program in the container: `action` with its arguments, for at most `seconds`.

    `amount`: the bytes that the log must have grown by, or it was rotated. `as_root`: what comes after the intruder
    has become root in the container; all other steps have the credentials of the application's process.
    """

    action: str
    arguments: tuple[str, ...] = ()
    seconds: float = 5.0
    counter: Counter = Counter.NONE
    amount: int = 0
    as_root: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is nothing here to try the attack on, and why."""

    reason: str


Plan = Callable[[Scene], Sequence[Step] | Nothing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """One attack. `page` is its documentation in Markdown, from the docstring of its function.

    `technique`: MITRE ATT&CK for Containers, by number. `control`: the part of a seal that stops it (a name of
    `lacre.seal.model.CONTROLS`); empty where no seal can, and `by_design` says why not: "open by design".
    `sign`: what a stop looks like. `mend`: what to do where it works.
    """

    id: str
    title: str
    group: Group
    technique: str
    control: str
    sign: str
    mend: str
    by_design: str
    page: str
    plan: Plan


def attack(  # noqa: PLR0913 - every attack says all of it
    id: str,
    title: str,
    *,
    group: Group,
    technique: str,
    control: str = "",
    sign: str,
    mend: str,
    by_design: str = "",
) -> Callable[[Plan], Attack]:
    """Makes an `Attack` of the function that plans its steps; the function's docstring is its page.

    All steps are taken. It worked if one of them did, and was stopped if all were: where any of several ways
    is enough for an intruder, each is a step.
    """
    if bool(control) == bool(by_design):
        raise ValueError(f"{id}: either a control stops it, or it is open by design")

    def make(plan: Plan) -> Attack:
        return Attack(
            id=id,
            title=title,
            group=group,
            technique=technique,
            control=control,
            sign=sign,
            mend=mend,
            by_design=by_design,
            page=inspect.cleandoc(plan.__doc__ or ""),
            plan=plan,
        )

    return make


@dataclass(frozen=True, slots=True, kw_only=True)
class StepTaken:
    """What came of one step. `errno` by name ("EPERM"), empty where it worked or died otherwise.

    `by`: who stopped it, a word of `STOPPERS`; empty where it worked or nobody can be named.
    """

    step: Step
    result: Result
    errno: str = ""
    by: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one attack on one service. `reason`: why not applicable, or what went wrong."""

    attack: Attack
    result: Result
    errno: str = ""
    by: tuple[str, ...] = ()  # who stopped it, of STOPPERS, in the order of the steps
    reason: str = ""
    steps: tuple[StepTaken, ...] = ()


STOPPERS: Final = {
    "user": "not root",
    "capabilities": "no capability",
    "filesystem": "read-only or bounded file system",
    "syscalls": "system call filter",
    "privileges": "no new privileges",
    "limits": "limit",
    "logging": "log rotation",
    "apparmor": "AppArmor",
    "engine": "Docker's own masks and defaults",
    "kernel": "this kernel",
}
"""Who can stop an attack, with the words that a reader sees: the controls of a seal, and what was there before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """How the host and a neighbour container answered while an attack was on. Seconds, the longest wait."""

    host: float
    neighbour: float | None  # None: there was no neighbour to ask
    lost: int = 0  # questions without an answer in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Attacked:
    """All attacks on all services of one twin, in the order of the registry. `seconds`: of the attacks alone."""

    verdicts: Mapping[str, tuple[Verdict, ...]]  # service → verdicts
    answering: Mapping[str, Answering] = field(default_factory=dict)  # attack id → how others fared meanwhile
    seconds: Mapping[str, float] = field(default_factory=dict)  # service → wall time


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The same attacks before and after sealing."""

    before: Attacked
    after: Attacked


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counts over verdicts. What is open by design is counted apart, whatever came of it."""

    stopped: int = 0
    worked: int = 0
    by_design: int = 0
    not_applicable: int = 0
    errors: int = 0

    @property
    def applicable(self) -> int:
        """Those that tell something about the seal."""
        return self.stopped + self.worked


def tally(verdicts: Sequence[Verdict]) -> Tally:
    """Count."""
    told = [verdict for verdict in verdicts if not verdict.attack.by_design]

    def number(result: Result) -> int:
        return sum(verdict.result is result for verdict in told)

    return Tally(
        stopped=number(Result.STOPPED),
        worked=number(Result.WORKED),
        by_design=len(verdicts) - len(told),
        not_applicable=number(Result.NOT_APPLICABLE),
        errors=number(Result.ERROR),
    )
