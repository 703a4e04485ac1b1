"""`lacre seal` and `lacre verify` from end to end: twin → observe → derive → prove → files.

The one place where engine, sensor, life cycle and prove loop meet; everything that decides is elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from lacre import render
from lacre.engine import Compose, Engine, HostThing, ImageInfo, Project, Twin, TwinOptions, completed
from lacre.errors import NotProvedError, TargetError
from lacre.observe import Exercise as Command
from lacre.observe import Phase, Plan, Run, profile, run_life_cycle, with_quick_health_checks
from lacre.seal import file as seal_file
from lacre.seal.advice import ServiceAdvice
from lacre.seal.completeness import completeness
from lacre.seal.context import Context, Owner
from lacre.seal.judge import judge
from lacre.seal.model import CONTROLS, Exercise, Grant, Ground, Margin, Seal, ServiceSeal
from lacre.seal.prove import Outcome, prove
from lacre.seal.stated import stated
from lacre.sensor import Sensor


@dataclass(frozen=True)
class Options:
    """How to seal. Times are seconds; `services` empty: all of the project."""

    exercises: tuple[Exercise, ...] = ()
    margin: Margin = Margin.NORMAL
    services: tuple[str, ...] = ()
    ready_timeout: float = 120.0
    exercise_timeout: float = 600.0
    allow_egress: tuple[str, ...] = ()
    allow_host: frozenset[HostThing] = frozenset()
    keep_twin: bool = False
    seccomp: Literal["derived", "default"] = "derived"


class Progress(Protocol):
    """Who is told how far the work is."""

    def stage(self, name: str, services: tuple[str, ...]) -> None:
        """A stage begins: observing, deriving, proving, writing."""

    def tell(self, service: str, text: str, *, done: bool = False, failed: bool = False) -> None:
        """Something happened; `service` empty: to the project as a whole."""


@dataclass(frozen=True)
class Sealed:
    """A proved seal. `seconds`: wall time by stage; "orchestration" is what lacre itself added."""

    seal: Seal
    project: Project
    warnings: tuple[str, ...] = ()
    trials: int = 0
    seconds: Mapping[str, float] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether no control is off in any service."""
        return not any(
            getattr(service, control).trouble
            for service in self.seal.services.values()
            for control in CONTROLS
        )


@dataclass(frozen=True)
class Verification:
    """What proving an existing seal again showed."""

    works: bool
    changed: tuple[str, ...] = ()
    new: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)
    unused: Mapping[str, tuple[Grant, ...]] = field(default_factory=dict)
    failures: tuple[str, ...] = ()


def seal_project(
    engine: Engine, compose: Compose, project: Project, options: Options, progress: Progress
) -> Sealed:
    """Observe, derive and prove. Nothing is written. Raises TargetError, NotProvedError and what the edge raises."""
    began = time.monotonic()
    with _Ground(engine, compose, project, options, progress) as ground:
        progress.stage("observing", ground.services)
        baseline = ground.run(None, name="baseline", baseline=None)
        if not baseline.works:
            raise _does_not_work(baseline)
        observed = time.monotonic()
        progress.stage("deriving", ground.services)
        contexts = ground.contexts(baseline)
        advice = {name: ServiceAdvice(context) for name, context in contexts.items()}
        progress.stage("proving", ground.services)
        last: list[Run] = []
        outcomes: list[tuple[Mapping[str, ServiceSeal], Outcome]] = []

        def trial(drafts: Mapping[str, ServiceSeal]) -> Outcome:
            run = ground.run(drafts, name=f"trial {len(last) + 1}", baseline=baseline)
            last.append(run)
            outcome = judge(run, baseline, drafts)
            outcomes.append((dict(drafts), outcome))
            ground.report(outcome)
            return outcome

        proof = prove(advice, trial)
        if proof.drafts is None:
            raise NotProvedError(
                f"proving a seal for {project.name}, in {proof.trials} trials",
                "; ".join(proof.failures)[:4000] or "no draft worked",
                "nothing was written; look at the last failure, or keep a twin with --keep-twin",
            )
        proving = _proving(proof.drafts, outcomes, advice)
        services = {
            name: stated(draft, proving.services[name], contexts[name]).model_copy(
                update={"completeness": completeness(baseline, contexts[name])}
            )
            for name, draft in proof.drafts.items()
        }
        for name in services:
            progress.tell(name, "proved", done=True)
        seal = ground.seal(services, proof.trials)
        ended = time.monotonic()
        own = ground.own_seconds
        seconds = {
            "observing": observed - began,
            "proving": ended - observed,
            "total": ended - began,
            "starts and exercises": own,
            "orchestration": ended - began - own,
        }
        warnings = (
            *ground.warnings,
            *ground.unexercised(baseline),
            *(f"left out of the life cycle: {text}" for text in baseline.skipped),
        )
        return Sealed(seal, project, tuple(dict.fromkeys(warnings)), proof.trials, seconds)


def _proving(
    drafts: Mapping[str, ServiceSeal],
    outcomes: Sequence[tuple[Mapping[str, ServiceSeal], Outcome]],
    advice: Mapping[str, ServiceAdvice],
) -> Outcome:
    """The outcome of the last trial that ran what is written; the prove loop promises that there is one."""
    for tried, outcome in reversed(outcomes):
        if outcome.works and all(advice[name].same(tried[name], draft) for name, draft in drafts.items()):
            return outcome
    raise NotProvedError(
        "looking for the trial that proved the seal", "there is none", "report this as a defect"
    )


def verify_seal(
    engine: Engine, compose: Compose, project: Project, seal: Seal, options: Options, progress: Progress
) -> Verification:
    """Prove an existing seal again: one baseline, one trial."""
    with _Ground(engine, compose, project, options, progress) as ground:
        progress.stage("observing", ground.services)
        baseline = ground.run(None, name="baseline", baseline=None)
        if not baseline.works:
            raise _does_not_work(baseline)
        contexts = ground.contexts(baseline)
        known = {name: sealed for name, sealed in seal.services.items() if name in contexts}
        missing = tuple(
            f"{name}: is not in the project any more" for name in seal.services if name not in contexts
        )
        progress.stage("proving", ground.services)
        run = ground.run(known, name="trial 1", baseline=baseline)
        outcome = judge(run, baseline, known)
        ground.report(outcome)
        new: dict[str, tuple[Grant, ...]] = {}
        unused: dict[str, tuple[Grant, ...]] = {}
        for name, sealed in known.items():
            advice = ServiceAdvice(contexts[name])
            mended = advice.mend(sealed, outcome.services[name])
            if not advice.same(sealed, mended):
                new[name] = _grants(mended, beyond=sealed)
            fresh = {grant.what for grant in _grants(advice.draft())}
            unused[name] = tuple(grant for grant in sealed.filesystem.grants if grant.what not in fresh)
        changed = (*missing, *ground.changes(seal))
        works = outcome.works and not new and not missing
        return Verification(works, changed, new, {n: g for n, g in unused.items() if g}, outcome.failures)


def render_files(compose: Compose, sealed: Sealed, output: Path) -> dict[str, str]:
    """The files of an output directory, by path relative to it.

    Raises NotProvedError if Compose would read the override as anything else than what was proved.
    """
    project, seal = sealed.project, sealed.seal
    files = {"lacre.yaml": seal_file.dump(seal)}
    for name, service in seal.services.items():
        if service.syscalls.base == "allow-list":
            files[f"seccomp/{name}.json"] = render.seccomp(service)
    if not project.files:
        for name, service in seal.services.items():
            files["run.sh"] = "#!/bin/sh\n" + render.docker_run(
                service, project.services[name], str(output / "seccomp" / f"{name}.json")
            )
        return files
    files["compose.sealed.yaml"] = render.override(project, seal, output, compose.version)
    for name, content in render.inline_configs(project.config, seal.services).items():
        files[f"configs/{name}"] = content
    _check_override(compose, sealed, output, files["compose.sealed.yaml"])
    return files


def _check_override(compose: Compose, sealed: Sealed, output: Path, override: str) -> None:
    """What is proved is what is written: the base with the override must be the sealed project."""
    project = sealed.project
    place = Path(os.path.relpath(output, project.directory))
    expected = render.sealed_project(project.config, sealed.seal.services, place, project.directory)
    with tempfile.TemporaryDirectory(prefix="lacre-") as scratch:
        file = Path(scratch) / "compose.sealed.yaml"
        file.write_text(override, encoding="utf-8")
        merged = compose.config_of([*project.files, file], project.profiles, project.directory)
    for name, service in expected["services"].items():
        if merged["services"].get(name) != service:
            raise NotProvedError(
                f"writing the override to {output}",
                f"with it Compose {compose.version} reads service {name} as something else than was proved",
                "nothing was written; please report this with the output of docker compose config",
            )


def _grants(seal: ServiceSeal, beyond: ServiceSeal | None = None) -> tuple[Grant, ...]:
    before = set(_grants(beyond)) if beyond is not None else set()
    found = (
        *seal.user.grants, *seal.capabilities.grants, *seal.filesystem.grants, *seal.syscalls.grants,
    )  # fmt: skip
    return tuple(grant for grant in found if grant not in before)


def _does_not_work(baseline: Run) -> TargetError:
    texts = "; ".join(
        f"{f.phase}{f' ({f.service})' if f.service else ''}: {f.text}" for f in baseline.failures
    )
    return TargetError(
        "running a copy of the project as it is, without any seal",
        texts[:4000],
        "make the project and its exercise pass without a seal first (an exercise reaches the copy by LACRE_WEB_80 and"
        " the like, not by published ports); nothing was written",
    )


class _Ground:
    """A project on an engine: runs twins of it, sealed or not, and cleans up."""

    def __init__(
        self, engine: Engine, compose: Compose, project: Project, options: Options, progress: Progress
    ) -> None:
        self.engine, self.compose, self.options, self.progress = engine, compose, options, progress
        with ThreadPoolExecutor() as pool:
            images = pool.map(lambda s: engine.image(s.image, pull=not s.built), project.services.values())
            self.images: dict[str, ImageInfo] = dict(zip(project.services, images, strict=True))
        self.project = project.model_copy(
            update={"services": {n: completed(s, self.images[n]) for n, s in project.services.items()}}
        )
        self.services = tuple(
            name for name in self.project.services if not options.services or name in options.services
        )
        self.warnings: list[str] = []
        self.addresses: dict[str, str] = {}
        self.own_seconds = 0.0  # of all runs: starts, stops and exercises
        self._kept: Twin | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="lacre-")

    def __enter__(self) -> _Ground:
        return self

    def __exit__(self, *_: object) -> None:
        if self._kept is None:
            self._scratch.cleanup()
        else:
            self._scratch._finalizer.detach()  # type: ignore[attr-defined]
            self.warnings.append(f"kept the last twin, {self._kept.name}; `lacre clean` removes it")

    def run(self, drafts: Mapping[str, ServiceSeal] | None, *, name: str, baseline: Run | None) -> Run:
        """One life cycle of a twin under drafts (None: as the base is)."""
        plan = Plan(
            project=self.project,
            exercises=tuple(Command(e.command, e.service) for e in self.options.exercises),
            ready_timeout=self.options.ready_timeout,
            exercise_timeout=self.options.exercise_timeout,
            baseline=baseline,
        )
        options = TwinOptions(
            allow_egress=bool(self.options.allow_egress),
            allow_host=self.options.allow_host,
        )
        while True:
            with (
                Sensor(refusals=drafts is not None) as sensor,
                Twin(self.engine, self.compose, self.project, self._config(drafts), options) as twin,
            ):
                self._keep(twin)
                run = run_life_cycle(
                    self.engine,
                    twin,
                    sensor,
                    plan,
                    name=name,
                    tell=lambda phase: self._tell(name, phase),
                )
                self.addresses |= run.addresses
                self.warnings += [f"{warned.service}: {warned.what}" for warned in twin.warnings]
            self.own_seconds += run.own_seconds
            if run.lost:
                self.warnings.append(f"{name}: {run.lost} facts did not fit into the sensor's tables")
            if baseline is not None or run.not_borne <= plan.not_borne:
                return run
            # a signal that the project does not bear even unsealed is left out, and the baseline taken afresh
            plan = replace(plan, not_borne=plan.not_borne | run.not_borne)

    def _keep(self, twin: Twin) -> None:
        """Only the last twin is kept: each holds the project's live secrets."""
        if self.options.keep_twin:
            if self._kept is not None:
                self._kept.remove()
            twin.keep()
            self._kept = twin

    def _tell(self, name: str, phase: Phase) -> None:
        self.progress.tell("", f"{name}: {phase}")

    def _config(self, drafts: Mapping[str, ServiceSeal] | None) -> dict[str, Any]:
        config = with_quick_health_checks(self.project, self.images)
        if drafts is None:
            return config
        directory = Path(self._scratch.name)
        (directory / "seccomp").mkdir(exist_ok=True)
        for name, draft in drafts.items():
            if draft.syscalls.base == "allow-list":
                (directory / "seccomp" / f"{name}.json").write_text(render.seccomp(draft), "utf-8")
        for name, content in render.inline_configs(config, drafts).items():
            (directory / "configs").mkdir(exist_ok=True)
            (directory / "configs" / name).write_text(content, "utf-8")
        return render.sealed_project(config, drafts, directory, self.project.directory)

    def contexts(self, baseline: Run) -> dict[str, Context]:
        """What the controls need to know, service by service."""
        info = self.engine.info()
        return {
            name: Context(
                service=self.project.services[name],
                image=self.images[name],
                profile=profile(name, [baseline]),
                margin=self.options.margin,
                logging_driver=info.logging_driver,
                seccomp=self.options.seccomp,
                host_memory=info.memory,
                host_cpus=info.cpus,
                taken_volumes=frozenset(self.project.config.get("volumes") or {}),
                read_only_refused=render.refuses_read_only(self.project.config, name),
                names=self.addresses,
                volume_owners=self._volume_owners(name),
            )
            for name in self.services
        }

    def _volume_owners(self, name: str) -> dict[str, Owner]:
        """A fresh volume takes its owner from the image directory; a bind mount keeps the host's."""
        owners = {}
        service, image = self.project.services[name], self.images[name]
        for mount in service.mounts:
            if mount.kind == "bind" and mount.source:
                try:
                    found = Path(mount.source).stat()
                except OSError:
                    continue
                owners[mount.target] = Owner(found.st_uid, found.st_gid, found.st_mode & 0o7777)
        targets = {mount.target for mount in service.mounts if mount.kind == "volume"} | set(image.volumes)
        for target in targets:
            entry = image.tree.get(target)
            owners[target] = Owner(entry.uid, entry.gid, entry.mode) if entry else Owner(0, 0, 0o755)
        return owners

    def unexercised(self, baseline: Run) -> Iterator[str]:
        """Services of which nothing was asked: their proof is only that they keep running."""
        everywhere = any(not exercise.service for exercise in self.options.exercises)
        for name in self.services:
            own = any(exercise.service == name for exercise in self.options.exercises)
            answered = any(r.answer != "refused" for r in baseline.responses.get(name, frozenset()))
            ends = (name, Phase.STOP) in baseline.stopped and baseline.stopped[name, Phase.STOP].by_itself
            if not (everywhere or own or answered or ends or name in baseline.healthy):
                yield f"{name}: nothing exercised it; proved is only that it keeps running (--exercise)"

    def report(self, outcome: Outcome) -> None:
        """Tell what a trial showed."""
        for name, service in outcome.services.items():
            refused = ", ".join(sorted({f"{r.because}: {r.what}" for r in service.refusals})[:3])
            if not outcome.works and (service.failed or refused):
                self.progress.tell(name, refused or service.failed[:200], failed=bool(service.failed))
        if outcome.works:
            self.progress.tell("", "works")
        elif outcome.failures:
            self.progress.tell("", outcome.failures[0][:300], failed=True)

    def seal(self, services: dict[str, ServiceSeal], trials: int) -> Seal:
        """The seal of the whole project."""
        info = self.engine.info()
        return Seal(
            project=self.project.name,
            margin=self.options.margin,
            exercises=self.options.exercises,
            files=tuple(_relative(path, self.project.directory) for path in self.project.files),
            profiles=self.project.profiles,
            source=digest(self.project),
            ground=Ground(
                engine=info.version,
                kernel=info.kernel,
                cgroup=info.cgroup,
                apparmor=info.apparmor,
                compose=self.compose.version,
            ),
            trials=trials,
            services=services,
        )

    def changes(self, seal: Seal) -> list[str]:
        """What is no longer as it was when the seal was proved."""
        found = []
        if seal.source and seal.source != digest(self.project):
            found.append("the Compose files say something else now")
        info = self.engine.info()
        if seal.ground.engine != info.version:
            found.append(f"engine: {seal.ground.engine} → {info.version}")
        if seal.ground.kernel != info.kernel:
            found.append(f"kernel: {seal.ground.kernel} → {info.kernel}")
        for name, sealed in seal.services.items():
            image = self.images.get(name)
            if image is not None and image.layers != sealed.image.layers:
                found.append(f"{name}: the image {image.reference} has other layers")
        return found


def _relative(path: Path, directory: Path) -> str:
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else str(path)


def digest(project: Project) -> str:
    """SHA-256 of what the Compose files say, wherever the project lies and whatever it is called.

    Values that may be secret do not enter it.
    """
    text = json.dumps(_without_values(project.config), sort_keys=True, default=str)
    text = text.replace(json.dumps(str(project.directory))[1:-1], ".")
    return hashlib.sha256(text.encode()).hexdigest()


def _without_values(config: Mapping[str, Any]) -> dict[str, Any]:
    services = {}
    for name, service in (config.get("services") or {}).items():
        kept = {key: value for key, value in service.items() if key not in {"environment", "build"}}
        kept["environment"] = sorted(service.get("environment") or {})
        services[name] = kept
    secrets = {
        name: {key: value for key, value in (secret or {}).items() if key not in {"content", "environment"}}
        for name, secret in (config.get("secrets") or {}).items()
    }
    rest = {key: value for key, value in config.items() if key not in {"name", "services", "secrets"}}
    for kind in ("networks", "volumes", "configs"):
        # Compose names them after the project unless the file does
        rest[kind] = {
            key: {k: v for k, v in (entry or {}).items() if k != "name" or v != f"{config.get('name')}_{key}"}
            for key, entry in (config.get(kind) or {}).items()
        }
    return {**rest, "services": services, "secrets": secrets}


__all__ = [
    "Options", "Progress", "Sealed", "Verification", "render_files", "seal_project", "verify_seal",
]  # fmt: skip
