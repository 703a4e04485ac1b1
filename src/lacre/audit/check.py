"""A check: what it is called, how bad it is, where it comes from, and one pure function for each kind of thing.

A file under `checks/` holds one check. Its docstring is its page: the first line is the title (what must be
true), then why it matters; then `Mend:` and the remedy, and `Example:` with a block that shows it.
"""

from __future__ import annotations

import functools
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from lacre.audit.model import Confidence, Mend, Scope, Section, Severity, Word

if TYPE_CHECKING:
    from lacre.audit.facts.container import Container
    from lacre.audit.facts.daemon import Daemon
    from lacre.audit.facts.dockerfile import Stage
    from lacre.audit.facts.host import Host
    from lacre.audit.facts.image import Image
    from lacre.audit.facts.service import Service
    from lacre.audit.facts.swarm import Swarm

_ID = re.compile(r"^LC[1-7]\d{2}$")
_SECTIONS = {section.value[0]: section for section in Section}


class ServiceCheck(Protocol):
    """Looks at one service of Compose files."""

    def __call__(self, service: Service, /) -> Iterator[Word]:
        """Say what is found."""
        ...


class StageCheck(Protocol):
    """Looks at one stage of a Dockerfile."""

    def __call__(self, stage: Stage, /) -> Iterator[Word]:
        """Say what is found."""
        ...


class ContainerCheck(Protocol):
    """Looks at one container."""

    def __call__(self, container: Container, /) -> Iterator[Word]:
        """Say what is found."""
        ...


class ImageCheck(Protocol):
    """Looks at one image."""

    def __call__(self, image: Image, /) -> Iterator[Word]:
        """Say what is found."""
        ...


class DaemonCheck(Protocol):
    """Looks at the engine."""

    def __call__(self, daemon: Daemon, /) -> Iterator[Word]:
        """Say what is found."""
        ...


class HostCheck(Protocol):
    """Looks at the host under the engine."""

    def __call__(self, host: Host, /) -> Iterator[Word]:
        """Say what is found."""
        ...


class SwarmCheck(Protocol):
    """Looks at the swarm that the engine is part of."""

    def __call__(self, swarm: Swarm, /) -> Iterator[Word]:
        """Say what is found."""
        ...


@dataclass(frozen=True, slots=True)
class Page:
    """A check's docstring, taken apart."""

    title: str
    why: str
    mend: str
    example: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`id` is LC, the section of CIS Docker Benchmark 1.6, and two digits: CIS's own where it has the check.

    `level` 1 is for everybody; 2 costs something, or matters only where level 1 holds. `peers` are the checks
    of other tools that ask the same (`tool:id`). `aside`: beside the point for ranking, since nearly every
    file has it: it is grouped, never shown as what matters most.
    """

    id: str
    name: str
    doc: str
    severity: Severity
    confidence: Confidence = Confidence.HIGH
    level: int = 1
    mend: Mend = Mend.HAND
    cis: str = ""
    peers: tuple[str, ...] = ()
    aside: bool = False
    service: ServiceCheck | None = None
    stage: StageCheck | None = None
    container: ContainerCheck | None = None
    image: ImageCheck | None = None
    daemon: DaemonCheck | None = None
    host: HostCheck | None = None
    swarm: SwarmCheck | None = None

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise ValueError(f"{self.id} is no identifier of a check")

    @property
    def section(self) -> Section:
        """Where the check stands in the benchmark."""
        return _SECTIONS[self.id[2]]

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """The kinds of things that it looks at."""
        functions: tuple[tuple[Scope, Callable[..., Iterator[Word]] | None], ...] = (
            (Scope.SERVICE, self.service),
            (Scope.STAGE, self.stage),
            (Scope.CONTAINER, self.container),
            (Scope.IMAGE, self.image),
            (Scope.DAEMON, self.daemon),
            (Scope.HOST, self.host),
            (Scope.SWARM, self.swarm),
        )
        return tuple(scope for scope, function in functions if function is not None)

    @property
    def page(self) -> Page:
        """The docstring, taken apart; ValueError where a part is missing."""
        return _page(self.id, self.doc)

    @property
    def title(self) -> str:
        """What must be true, without a full stop."""
        return self.doc.strip().partition("\n")[0].strip().removesuffix(".")


@functools.cache  # a report asks for it once a finding
def _page(name: str, doc: str) -> Page:
    title, _, rest = doc.strip().partition("\n")
    why, mend_mark, rest = rest.partition("\nMend:")
    mend, example_mark, example = rest.partition("\nExample:\n")
    if not (mend_mark and example_mark and why.strip() and mend.strip() and example.strip()):
        raise ValueError(f"the docstring of {name} lacks why, Mend: or Example:")
    return Page(
        title=title.strip().removesuffix("."),
        why=why.strip(),
        mend=mend.strip(),
        example=textwrap.dedent(example).strip("\n"),
    )
