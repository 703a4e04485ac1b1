"""A project on an engine: runs twins of it, sealed or not, and cleans up after them."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any, Literal, Protocol

from lacre import render
from lacre.engine import (
    Compose,
    Engine,
    HostThing,
    ImageInfo,
    Project,
    Twin,
    TwinOptions,
    completed,
    egress_to,
    scratch,
)
from lacre.errors import LacreError
from lacre.observe import Exercise as Command
from lacre.observe import (
    Owner,
    Phase,
    Plan,
    Run,
    end_exercises,
    profile,
    run_life_cycle,
    with_quick_health_checks,
)
from lacre.seal.context import Context
from lacre.seal.controls import user
from lacre.seal.model import Exercise, Ground, Margin, Seal, ServiceSeal
from lacre.seal.prove import Outcome
from lacre.seal.stated import LOUD
from lacre.sensor import Sensor, inside


@dataclass(frozen=True)
class Options:
    """How to seal. Times are seconds; `services` empty: all of the project; `jobs`: twins at the same time."""

    exercises: tuple[Exercise, ...] = ()
    margin: Margin = Margin.NORMAL
    services: tuple[str, ...] = ()
    ready_timeout: float = 120.0
    exercise_timeout: float = 600.0
    allow_egress: tuple[str, ...] = ()
    allow_host: frozenset[HostThing] = frozenset()
    keep_twin: bool = False
    attack: bool = True
    jobs: int = 1
    seccomp: Literal["derived", "default"] = "derived"


class HaltedError(Exception):
    """Ends a run beside one that was interrupted; nobody waits for it."""


class Progress(Protocol):
    """Who is told how far the work is."""

    def stage(self, name: str, services: tuple[str, ...]) -> None:
        """A stage begins: observing, deriving, proving, writing."""

    def tell(self, service: str, text: str, *, done: bool = False, failed: bool = False) -> None:
        """Something happened; `service` empty: to the project as a whole."""


class Twins:
    """A project on an engine: runs twins of it, sealed or not, and cleans up."""

    def __init__(
        self, engine: Engine, compose: Compose, project: Project, options: Options, progress: Progress
    ) -> None:
        self.engine, self.compose, self.options, self.progress = engine, compose, options, progress
        self.info = engine.info()
        self.egress = tuple(egress_to(typed) for typed in options.allow_egress)
        self.images: dict[str, ImageInfo] = {
            name: engine.declared(service.image, pull=not service.built)
            for name, service in project.services.items()
        }
        self._readers = ThreadPoolExecutor()  # the files of the images are read while the baseline runs
        self._read = {
            name: self._readers.submit(engine.image, service.image, pull=False)
            for name, service in project.services.items()
        }
        self.project = project.model_copy(
            update={"services": {n: completed(s, self.images[n]) for n, s in project.services.items()}}
        )
        self.services = tuple(
            name for name in self.project.services if not options.services or name in options.services
        )
        self.warnings: list[str] = []
        self.addresses: dict[str, str] = {}
        self.own_seconds = 0.0  # of all runs: starts, stops and exercises
        self._ahead: Sensor | None = None  # for the first trial, entered while the baseline ends
        self._kept: Twin | None = None
        self._running: set[Twin] = set()
        self._halted = False  # twins that run side by side end with the one that was interrupted
        self._lock = threading.Lock()  # around all that runs side by side may change here
        self._scratch = scratch.make()

    def __enter__(self) -> Twins:
        return self

    def __exit__(self, *_: object) -> None:
        self._readers.shutdown(cancel_futures=True)
        if self._ahead is not None:
            self._ahead.close()
        if self._kept is None:  # a kept twin still mounts what lies there
            shutil.rmtree(self._scratch, ignore_errors=True)

    def run(
        self,
        drafts: Mapping[str, ServiceSeal] | None,
        *,
        name: str,
        baseline: Run | None,
        at_once: int = 1,
    ) -> Run:
        """One life cycle of a twin under drafts (None: as the base is); `at_once`: how many run beside each other."""
        plan = Plan(
            project=self.project,
            exercises=tuple(Command(e.command, e.service) for e in self.options.exercises),
            ready_timeout=self.options.ready_timeout,
            exercise_timeout=self.options.exercise_timeout,
            baseline=baseline,
            at_once=at_once,
        )
        options = TwinOptions(
            allow_egress=self.egress,
            allow_host=self.options.allow_host,
        )
        longest_start = max(map(plan.patience, baseline.ready_in), default=inf) if baseline else inf
        while True:
            with (
                closing(self._sensor(refusals=drafts is not None)) as sensor,
                Twin(
                    self.engine, self.compose, self.project, self.config(drafts, longest_start), options
                ) as twin,
            ):
                self._keep(twin)
                with self._lock:
                    self._running.add(twin)
                run = run_life_cycle(
                    self.engine,
                    twin,
                    sensor,
                    plan,
                    name=name,
                    tell=lambda phase: self._tell(name, phase, baseline=baseline is None),
                )
            with self._lock:
                self._running.discard(twin)
                self.addresses |= run.addresses
                self.warnings += [
                    f"{warned.service or 'the twin'}: {warned.what}" for warned in twin.warnings
                ]
                self.own_seconds += run.own_seconds
                if run.lost:
                    self.warnings.append(f"{name}: {run.lost} facts did not fit into the sensor's tables")
            if baseline is not None or run.not_borne <= plan.not_borne:
                if run.works:
                    self.warnings += [_left_out(*one) for one in sorted(plan.not_borne)]
                return run
            # what the project does not bear even unsealed is left out, and the baseline taken afresh
            plan = replace(plan, not_borne=plan.not_borne | run.not_borne)

    def run_side_by_side(
        self, batch: Sequence[Mapping[str, ServiceSeal]], *, first: int, baseline: Run
    ) -> list[Run]:
        """One life cycle for each of the drafts, at the same time, named by their numbers from `first` on.

        Where one cannot be run at all, or all are interrupted, the others are ended and removed too.
        """
        names = [f"trial {number}" for number in range(first, first + len(batch))]
        if len(batch) == 1:
            return [self.run(batch[0], name=names[0], baseline=baseline)]
        spent = self.own_seconds
        with ThreadPoolExecutor(len(batch)) as pool:
            running = [
                pool.submit(self.run, drafts, name=name, baseline=baseline, at_once=len(batch))
                for drafts, name in zip(batch, names, strict=True)
            ]
            try:
                wait(running, return_when=FIRST_EXCEPTION)
                runs = [one.result() for one in running if one.done()]
            except BaseException:
                self._halt()
                raise
        self.own_seconds = spent + max(run.own_seconds for run in runs)
        return runs

    def _halt(self) -> None:
        """Ends what runs side by side: no further phase, no exercise, no container. Each removes the rest itself."""
        with self._lock:
            self._halted, running = True, tuple(self._running)
        for twin in running:
            end_exercises(twin.name)
            with suppress(LacreError):
                twin.remove()

    def _keep(self, twin: Twin) -> None:
        """Only the last twin is kept: each holds the project's live secrets."""
        if self.options.keep_twin:
            if self._kept is not None:
                self._kept.remove()
            twin.keep()
            self._kept = twin

    def _sensor(self, *, refusals: bool) -> Sensor:
        """A sensor that was started; the first trial's is ahead of its time, as the kernel checks it for 0.4 s."""
        with self._lock:
            ready, self._ahead = (self._ahead, None) if refusals else (None, self._ahead)
        if ready is not None:
            return ready
        return Sensor(refusals=refusals, first_ids=self.info.first_ids).__enter__()

    def _tell(self, name: str, phase: Phase, *, baseline: bool) -> None:
        if self._halted:
            raise HaltedError(name)
        self.progress.tell("", f"{name}: {phase}")
        if baseline and phase is Phase.LAST_STOP and self._ahead is None:
            self._ahead = self._sensor(refusals=True)

    def config(self, drafts: Mapping[str, ServiceSeal] | None, longest_start: float = inf) -> dict[str, Any]:
        """The project's configuration under drafts (None: as the base is), their profiles written beside it.

        `longest_start`: seconds after which a failed health check counts."""
        config = with_quick_health_checks(self.project, self.images, longest_start)
        if drafts is None:
            return config
        directory = Path(tempfile.mkdtemp(dir=self._scratch))  # of this run: others may run beside it
        (directory / "seccomp").mkdir()
        for name, draft in drafts.items():
            if draft.syscalls.base == "allow-list":
                (directory / "seccomp" / f"{name}.json").write_text(render.seccomp(draft), "utf-8")
        for name, content in render.inline_configs(config, drafts).items():
            (directory / "configs").mkdir(exist_ok=True)
            (directory / "configs" / name).write_text(content, "utf-8")
        return render.sealed_project(config, drafts, directory, self.project.directory)

    def contexts(self, baseline: Run) -> dict[str, Context]:
        """What the controls need to know, service by service."""
        info = self.info
        self.images = {name: read.result() for name, read in self._read.items()}
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
                external_volumes=frozenset(
                    volume
                    for volume, said in (self.project.config.get("volumes") or {}).items()
                    if (said or {}).get("external")
                ),
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
                uid, gid = map(inside, (found.st_uid, found.st_gid), self.info.first_ids)
                owners[mount.target] = Owner(uid, gid, found.st_mode & 0o7777)
        targets = {mount.target for mount in service.mounts if mount.kind == "volume"} | set(image.volumes)
        for target in targets:
            entry = image.tree.get(target)
            owners[target] = Owner(entry.uid, entry.gid, entry.mode) if entry else Owner(0, 0, 0o755)
        return owners

    def said(self, baseline: Run, seals: Mapping[str, ServiceSeal]) -> tuple[str, ...]:
        """Everything that the user should know beside the seal, each once."""
        warnings = [*self.warnings, *self._unexercised(baseline)]
        warnings += [
            f"{name}: {note}" for name, seal in seals.items() for note in seal.notes if note.startswith(LOUD)
        ]
        warnings += [
            f"{name}: stays root: {grant.reason}"
            for name, seal in seals.items()
            for grant in seal.user.grants
            if seal.user.root and grant.what == user.ROOT
        ]
        warnings += [f"left out of the life cycle: {text}" for text in baseline.skipped]
        if self._kept is not None:
            warnings.append(f"the last twin is kept: {self._kept.name}; `lacre clean` removes it")
        return tuple(dict.fromkeys(warnings))

    def _unexercised(self, baseline: Run) -> Iterator[str]:
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
            if not outcome.works and refused:
                self.progress.tell(name, refused, failed=bool(service.failed))
        if outcome.works:
            self.progress.tell("", "works")
        elif outcome.failures:
            self.progress.tell("", outcome.failures[0][:300], failed=True)

    def seal(self, services: dict[str, ServiceSeal], trials: int) -> Seal:
        """The seal of the whole project."""
        info = self.info
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
        info = self.info
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


def _left_out(service: str, what: str) -> str:
    """A signal, or the port of a service, that it does not bear (`Run.not_borne`)."""
    what = f"lacre's own questions to {what}, the exercise apart," if "/" in what else what
    return f"{service}: does not bear {what} without a seal either; left out"
