"""A `Work` without Docker: what the commands handed over is kept, what they get back is set beforehand."""
# ruff: noqa: ARG002 - the signatures are those of `lacre.cli.work.Work`

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from lacre.cli.work import Source
from lacre.engine import Cleaned, Leftover, Project
from lacre.errors import GroundError
from lacre.report.ground import Check, State
from lacre.seal.model import Seal
from lacre.seal.pipeline import Options, Progress, Sealed, Verification
from lacre.sensor import SensorGround
from tests.unit.report import samples

NETWORK = Leftover(kind="network", id="1", name="lacre-x", twin="x", alive=False)


@dataclass
class FakeWork:
    """Answers as a project of samples.py that seals well."""

    seal: Seal = samples.WHOLE
    during: Callable[[], None] = lambda: None  # called while the twin runs
    verification: Verification = field(
        default_factory=lambda: Verification(works=True, changed=(), new={}, unused={}, failures=())
    )
    checks: tuple[Check, ...] = (Check(group="host", what="root", state=State.YES, why="it is", needed=True),)
    left: tuple[Leftover, ...] = (NETWORK,)
    cleaning: Cleaned = field(default_factory=lambda: Cleaned(removed=(NETWORK,), kept=(), failed=()))
    tried: Any = None
    attacked_under: Seal | None = None
    chosen: tuple[str, ...] = ()
    options: Options | None = None
    source: Source | None = None
    image: tuple[str, tuple[str, ...]] | None = None
    written: dict[str, str] = field(default_factory=dict)
    written_to: Path | None = None
    cleaned: bool = False
    of_image: bool = False

    def target(self) -> Project:
        web = {"web": samples.PROJECT.services["web"]}
        return (
            samples.PROJECT.model_copy(update={"files": (), "services": web})
            if self.of_image
            else samples.PROJECT
        )

    def engine(self) -> Any:
        return object()

    def compose(self) -> Any:
        return object()

    def project(self, compose: Any, source: Source) -> Any:
        self.source = source
        return samples.PROJECT

    def image_project(self, reference: str, options: Sequence[str], directory: Path) -> Any:
        self.image = (reference, tuple(options))
        return self.target()

    def seal_project(
        self, engine: Any, compose: Any, project: Any, options: Options, progress: Progress
    ) -> Sealed:
        self.options = options
        progress.stage("observing", ("web",))
        self.during()
        progress.tell("web", "2 runs", done=True)
        return Sealed(
            seal=self.seal,
            project=self.target(),
            warnings=("web is watched",),
            trials=1,
            seconds={"observing": 2.0},
        )

    def render_files(self, sealed: Sealed, output: Path, compose: Any) -> dict[str, str]:
        return dict.fromkeys(samples.FILES, "text")

    def write(self, directory: Path, files: Mapping[str, str]) -> None:
        self.written_to = directory
        self.written = dict(files)

    def load_seal(self, path: Path) -> Seal:
        return self.seal

    def verify_seal(
        self, engine: Any, compose: Any, project: Any, seal: Seal, options: Options, progress: Progress
    ) -> Verification:
        self.options = options
        self.during()
        return self.verification

    def attack(
        self,
        engine: Any,
        compose: Any,
        project: Any,
        seal: Seal | None,
        options: Options,
        attacks: Any,
        progress: Progress,
    ) -> Any:
        self.options = options
        self.attacked_under = seal
        self.chosen = tuple(attack.id for attack in attacks)
        progress.stage("attacking", ("web",))
        return self.tried

    def probe(self) -> SensorGround:
        raise GroundError("looking at the sensor", "a test has none", "hand one in")

    def examine(self) -> tuple[Check, ...]:
        return self.checks

    def leftovers(self, engine: Any) -> tuple[Leftover, ...]:
        return self.left

    def clean(self, engine: Any) -> Cleaned:
        self.cleaned = True
        return self.cleaning


def chosen(work: FakeWork) -> Options:
    """The options that a command handed over."""
    return cast(Options, work.options)
