"""What one run of a twin showed, and what all runs of one service together show."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from lacre.sensor import AnyFact, Counters, Listening, Refusal, Syscalls

EPHEMERAL_PORTS = 32768  # ip(7): the default lower end of ip_local_port_range


class Phase(StrEnum):
    """A part of the life cycle, in order."""

    START = "start"
    FIRST = "first work"
    SIGNALS = "signals"
    STOP = "stop"
    SECOND_START = "second start"
    SECOND = "second work"
    RECREATED_START = "start on old volumes"
    RECREATED = "work on old volumes"
    CRASH = "start after a crash"
    LAST_STOP = "last stop"


WORK = frozenset({Phase.FIRST, Phase.SECOND, Phase.RECREATED})


class FailureKind(StrEnum):
    """How something failed, as far as anybody acts on it."""

    NOT_STARTED = "not started"  # the engine could not start the container
    ENDED = "ended"  # its program ended by itself
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that did not work. `service` is empty where it cannot be told apart."""

    phase: Phase
    service: str
    text: str
    kind: FailureKind = FailureKind.OTHER


@dataclass(frozen=True, slots=True)
class Stopped:
    """How the containers of a service ended when they were told to stop (or before)."""

    exit_code: int
    by_itself: bool


@dataclass(frozen=True, slots=True)
class Peaks:
    """The highest numbers of one service in one run. Memory in bytes, None where no cgroup file tells."""

    memory: int | None = None
    tasks: int = 0
    descriptors: int = 0
    oom_kills: int = 0
    descriptor_limit: int | None = None  # the hard limit that it had


@dataclass(frozen=True, slots=True)
class Response:
    """What one port answered to one question of the built-in exerciser."""

    port: str  # "tcp/80"
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Owner:
    """Owner and mode (permission bits) of a file or directory."""

    uid: int
    gid: int
    mode: int


@dataclass(frozen=True, slots=True)
class Mounted:
    """What the baseline left in a mounted directory: who owned the directory itself, and what lay below it.

    `whole` False: there was too much to look at all of it."""

    itself: frozenset[Owner] = frozenset()
    below: frozenset[Owner] = frozenset()
    whole: bool = True

    def __or__(self, other: Mounted) -> Mounted:
        return Mounted(self.itself | other.itself, self.below | other.below, self.whole and other.whole)


@dataclass(frozen=True, slots=True)
class Run:
    """One life cycle of a twin, whole or up to the first failed phase. Mappings are keyed by service."""

    name: str  # "baseline", "trial 3"
    facts: Mapping[str, frozenset[AnyFact]]
    phases: tuple[Phase, ...]  # those begun
    failures: tuple[Failure, ...]
    stopped: Mapping[tuple[str, Phase], Stopped]
    signals: Mapping[str, tuple[str, ...]]  # sent and survived
    responses: Mapping[str, frozenset[Response]]
    peaks: Mapping[str, Peaks]
    written: Mapping[str, frozenset[str]]  # paths of the upper layer at the end of a life
    lasting: Mapping[str, frozenset[str]] = field(default_factory=dict)  # those of them that are there
    # by service and target; of the baseline only
    mounted: Mapping[str, Mapping[str, Mounted]] = field(default_factory=dict)
    sizes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # bytes by written directory
    # by service: children of the main process that had ended and that it did not wait for
    zombies: Mapping[str, int] = field(default_factory=dict)
    # by service: paths that it may not read, and of which its log complains
    complaints: Mapping[str, frozenset[str]] = field(default_factory=dict)
    recovered: frozenset[str] = (
        frozenset()
    )  # services that were killed, and came back by their restart policy
    addresses: Mapping[str, str] = field(default_factory=dict)  # of the twin's containers → service
    healthy: frozenset[str] = frozenset()  # services whose health check said so
    ready_in: Mapping[Phase, float] = field(default_factory=dict)  # seconds until all was ready, by start
    restarts: Mapping[str, int] = field(
        default_factory=dict
    )  # by service: how often it ended before it was ready
    lost: int = 0  # facts that did not fit into the sensor's tables: then a refusal may have been missed
    not_borne: frozenset[tuple[str, str]] = (
        frozenset()
    )  # service, and the signal or asked port that it does not bear
    skipped: tuple[str, ...] = ()  # parts of the life cycle left out, and why
    seconds: float = 0.0  # the whole run
    own_seconds: float = 0.0  # of these, starts, stops and exercises (not lacre's own work)
    last_new_fact: float = 0.0

    @property
    def works(self) -> bool:
        """Whether every phase that was begun passed."""
        return not self.failures

    def listening(self, service: str, *phases: Phase) -> frozenset[str]:
        """Ports that the service opened in these phases (none named: in any), as `tcp/80`."""
        facts = (fact for fact in self.facts.get(service, frozenset()) if isinstance(fact, Listening))
        return listening(facts, *phases)

    def refusals(self, service: str) -> list[Refusal]:
        """The refusals of a service, in a stable order."""
        found = [fact for fact in self.facts.get(service, frozenset()) if isinstance(fact, Refusal)]
        order = {phase: number for number, phase in enumerate(Phase)}
        return sorted(
            found, key=lambda r: (order.get(Phase(r.phase), 99), r.because, r.what, r.syscall, r.by, r.uid)
        )


F = TypeVar("F")


@dataclass(frozen=True)
class Profile:
    """The union of the observations of one service."""

    service: str
    facts: frozenset[AnyFact]
    peaks: Peaks
    written: frozenset[str] = frozenset()
    lasting: frozenset[str] = frozenset()
    sizes: Mapping[str, int] = field(default_factory=dict)
    mounted: Mapping[str, Mounted] = field(default_factory=dict)
    zombies: int = 0

    def of(self, kind: type[F]) -> Iterator[F]:
        """All facts of one kind, in no particular order."""
        return (fact for fact in self.facts if isinstance(fact, kind))

    def syscalls(self, arch: str) -> frozenset[str]:
        """Names of all system calls seen under this ABI."""
        return frozenset(name for fact in self.of(Syscalls) if fact.arch == arch for name in fact.names)


def profile(service: str, runs: Sequence[Run]) -> Profile:
    """Merge what several runs showed of one service."""
    facts: set[AnyFact] = set()
    written: set[str] = set()
    lasting: set[str] = set()
    mounted: dict[str, Mounted] = {}
    sizes: dict[str, int] = {}
    memory: int | None = None
    tasks = descriptors = kills = 0
    for run in runs:
        facts |= run.facts.get(service, frozenset())
        written |= run.written.get(service, frozenset())
        lasting |= run.lasting.get(service, frozenset())
        for target, found in run.mounted.get(service, {}).items():
            mounted[target] = mounted.get(target, Mounted()) | found
        for directory, size in run.sizes.get(service, {}).items():
            sizes[directory] = max(size, sizes.get(directory, 0))
        peaks = run.peaks.get(service, Peaks())
        memory = max(memory or 0, peaks.memory) if peaks.memory is not None else memory
        tasks, descriptors = max(tasks, peaks.tasks), max(descriptors, peaks.descriptors)
        kills += peaks.oom_kills
    limits = [run.peaks[service].descriptor_limit for run in runs if service in run.peaks]
    limit = min((each for each in limits if each is not None), default=None)
    return Profile(
        service,
        frozenset(facts),
        Peaks(memory, tasks, descriptors, kills, limit),
        frozenset(written),
        frozenset(lasting),
        sizes,
        mounted,
        max((run.zombies.get(service, 0) for run in runs), default=0),
    )


def listening(facts: Iterable[Listening], *phases: Phase) -> frozenset[str]:
    """`tcp/80` for each port outside loopback and below the ephemeral range, signals' phase left out."""
    return frozenset(
        f"{fact.protocol}/{fact.port}"
        for fact in facts
        if fact.phase != Phase.SIGNALS
        and (not phases or fact.phase in phases)
        and 0 < fact.port < EPHEMERAL_PORTS
        and not is_loopback(fact.address)
    )


def counted(facts: Iterable[AnyFact]) -> Peaks:
    """The peaks that the sensor counted (memory comes from the cgroup)."""
    counters = [fact for fact in facts if isinstance(fact, Counters)]
    return Peaks(
        memory=None,
        tasks=max((c.tasks_peak for c in counters), default=0),
        descriptors=max((c.fds_peak for c in counters), default=0),
        oom_kills=sum(c.oom_kills for c in counters),
    )


def is_loopback(address: str) -> bool:
    """Whether a textual address is the container's own loopback."""
    return address.startswith("127.") or address in {"::1", "::ffff:127.0.0.1"}
