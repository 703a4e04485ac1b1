"""What an audit is made of: places, findings, answers, subjects, the report. Nothing here reads or prints.

Frozen data classes, not pydantic: thousands of files make hundreds of thousands of these in one run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad it is when an intruder, or a mistake, meets it."""

    CRITICAL = "critical"  # the host is lost with the container, or a secret is public
    HIGH = "high"  # a wall that holds an intruder is missing
    MEDIUM = "medium"  # one of several walls is missing
    LOW = "low"  # good practice

    @property
    def rank(self) -> int:
        """0 is the worst."""
        return _SEVERITIES.index(self)


_SEVERITIES = tuple(Severity)


class Confidence(StrEnum):
    """How sure it is that what was found is what the finding says."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 is the surest."""
        return _CONFIDENCES.index(self)


_CONFIDENCES = tuple(Confidence)


class Mend(StrEnum):
    """Who may mend it."""

    SAFE = "safe"  # cannot change what the application does
    PROOF = "needs proof"  # may break the application: `lacre seal` tries it
    HAND = "by hand"  # only a person knows what is meant


class Scope(StrEnum):
    """What kind of thing a check looks at."""

    SERVICE = "compose service"
    STAGE = "dockerfile stage"
    CONTAINER = "container"
    IMAGE = "image"
    DAEMON = "daemon"
    HOST = "host"
    SWARM = "swarm"

    @property
    def of_machine(self) -> bool:
        """Whether it is something that runs or lies on a machine, not something written in a file."""
        return self not in (Scope.SERVICE, Scope.STAGE)


class Section(StrEnum):
    """The rooms of the CIS Docker Benchmark 1.6; a check's number begins with its section's."""

    HOST = "1 host"
    DAEMON = "2 daemon"
    DAEMON_FILES = "3 daemon files"
    IMAGES = "4 images and build files"
    RUNTIME = "5 container runtime"
    OPERATIONS = "6 operations"
    SWARM = "7 swarm"


class Place(NamedTuple):
    """Where something stands: lines and columns count from 1, columns in characters; the end is exclusive."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Edit(NamedTuple):
    """A mend as text: `text` in the place of `place`, which is empty for an insertion.

    `plain` are paths that must be folders or files that are no archives: the edit is safe only then, and whoever
    makes it looks.
    """

    place: Place
    text: str
    plain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault. `what` is one sentence without a full stop; values of secrets never stand in it.

    `path` is where in its subject the fault is (`volumes[2]`), and does not change when lines are added above.
    `severity` and `confidence` override those of the check. `do` is what to do here, when the check's own
    remedy can be made more exact. `edit` is the mend itself, only where it cannot change what the application does.
    """

    what: str
    place: Place | None = None
    path: str = ""
    severity: Severity | None = None
    confidence: Confidence | None = None
    do: str = ""
    mend: Mend | None = None
    edit: Edit | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """The check could not tell, and why."""

    why: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """The check has nothing to look at here, and why."""

    why: str


Word = Finding | Unknown | NotApplicable
"""What a check yields; one that yields nothing has passed."""


class Verdict(StrEnum):
    """The four answers, which are never mixed: only `passes` counts as a pass."""

    FAILS = "fails"
    PASSES = "passes"
    NOT_APPLICABLE = "not applicable"
    UNKNOWN = "could not be tested"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a check was asked about: a service of a file, a stage, a container."""

    scope: Scope
    name: str
    file: str = ""
    at: Place | None = None

    @property
    def title(self) -> str:
        """The subject in words, for a reader who sees the file beside it."""
        return f"{self.scope.value.rpartition(' ')[2]} {self.name}"


@dataclass(frozen=True, slots=True)
class Hidden:
    """Why a finding is not counted: who said so."""

    by: str  # "comment", "lacre.toml", "baseline"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding, with all that the report wants to say about it."""

    check: str
    subject: Subject
    what: str
    place: Place | None
    path: str
    severity: Severity
    confidence: Confidence
    mend: Mend
    do: str
    fingerprint: str
    hidden: Hidden | None = None
    edit: Edit | None = None

    @property
    def order(self) -> tuple[int, int, str, int, str]:
        """Sorts the worst first, and the same report the same way every time."""
        place = self.place
        return (
            self.severity.rank,
            self.confidence.rank,
            place.file if place else self.subject.file,
            place.line if place else 0,
            self.check,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What one check said of one subject."""

    check: str
    subject: Subject
    verdict: Verdict
    why: str = ""
    findings: tuple[Found, ...] = ()


class FileState(StrEnum):
    """Whether a file could be looked at."""

    TESTED = "tested"
    UNTESTABLE = "could not be tested"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """One file of the audit. `named`: it was on the command line; `why` says what kept it from being tested."""

    path: str
    kind: str  # "compose", "dockerfile", "unknown"
    state: FileState
    why: str = ""
    place: Place | None = None
    named: bool = False
    subjects: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """A whole audit."""

    files: tuple[FileResult, ...]
    answers: tuple[Answer, ...]
    warnings: tuple[str, ...] = ()
    findings: tuple[Found, ...] = field(init=False)

    def __post_init__(self) -> None:
        every = sorted((found for answer in self.answers for found in answer.findings), key=lambda f: f.order)
        object.__setattr__(self, "findings", tuple(every))

    @property
    def open(self) -> tuple[Found, ...]:
        """Findings that nothing hides, the worst first."""
        return tuple(found for found in self.findings if found.hidden is None)

    @property
    def untested(self) -> tuple[FileResult, ...]:
        """Files that could not be tested."""
        return tuple(file for file in self.files if file.state is FileState.UNTESTABLE)


@dataclass(frozen=True, slots=True)
class SectionScore:
    """How one section came out, in answers: a share is passes of (passes + fails), in percent."""

    section: Section
    passes: int
    fails: int
    not_applicable: int
    unknown: int

    @property
    def share(self) -> int | None:
        """Percent, or None where nothing could be judged."""
        judged = self.passes + self.fails
        return None if judged == 0 else self.passes * 100 // judged


def worst(findings: Sequence[Found]) -> Severity | None:
    """The worst severity among `findings`."""
    return min((found.severity for found in findings), key=lambda s: s.rank, default=None)
