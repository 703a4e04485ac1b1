"""Runs the native sensor: commands to its standard input, records from its standard output."""

from __future__ import annotations

import contextlib
import json
import platform
import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from types import TracebackType
from typing import Self

from lacre.errors import GroundError, LacreError, SensorError
from lacre.sensor.facts import AnyFact, Lost
from lacre.sensor.translate import Translator
from lacre.sensor.wire import VERSION, Decoder, Kind, Record, WireError

FIRST_PHASE = "start"
"""The phase of a container from watch() on, until phase() names another."""

_ANSWER_SECONDS = 60.0
"""No answer to a command within this time means that the sensor hangs (answers take milliseconds)."""

_START_SECONDS = 60.0
"""Loading takes a fifth of a second, and under an emulated CPU some ten seconds."""

_CONTAINER = re.compile(r"[0-9A-Za-z_.-]{1,64}\Z")

# enum exit_code of sensor.c.
_GROUND_CODES = {
    10: "use a kernel built with CONFIG_DEBUG_INFO_BTF (Debian, Ubuntu, Fedora and RHEL have it)",
    11: "run lacre as root on the host itself, not in a container",
    12: "use Linux 5.17 or newer with trace points (CONFIG_FTRACE_SYSCALLS, CONFIG_BPF_EVENTS)",
    13: "use Linux 5.17 or newer, and report the message with the kernel's version if it is",
}


def binary() -> str:
    """Path of the native sensor; GroundError if the package was installed without it."""
    path = files("lacre.native").joinpath("bin", "lacre-sensor")
    if not path.is_file():
        raise GroundError(
            "Start the sensor",
            f"{path} is not there",
            "Build it with: make -C src/lacre/native",
        )
    return str(path)


class Sensor:
    """Watches containers from the host. A context manager; needs root.

    With `refusals`, system calls refused by seccomp are told apart from failed ones, at a higher price for
    each system call: for proving, not for observing. `first_ids`: `EngineInfo.first_ids`.

    Entering starts the native program and does not wait while the kernel checks it (0.4 s): the first command
    does, so that a twin can be made meanwhile.

    Every method raises SensorError if the native program died, GroundError if this host cannot carry it.
    """

    def __init__(self, *, refusals: bool = False, first_ids: tuple[int, int] = (0, 0)) -> None:
        self._refusals = refusals
        self._translator = Translator(platform.machine(), first_ids)
        self._changed = threading.Condition()
        self._new: list[AnyFact] = []
        self._told: set[AnyFact] = set()
        self._answers: dict[int, Record] = {}
        self._names: dict[int, tuple[str, str]] = {}
        self._numbers = 0
        self._lost = 0
        self._ready: Record | None = None
        self._broken: LacreError | None = None
        self._closing = False
        self._process: subprocess.Popen[bytes] | None = None
        self._reader: threading.Thread | None = None
        self._began = 0.0

    def __enter__(self) -> Self:
        command = [binary(), *(["--refusals"] if self._refusals else [])]
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
            )
        except OSError as error:
            raise SensorError(
                "Start the sensor", str(error), "Check that the package is for this machine"
            ) from error
        self._reader = threading.Thread(target=self._read, name="lacre-sensor", daemon=True)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the native program; what it put into the kernel goes with it. Can be called again."""
        process, self._closing = self._process, True
        if process is None:
            return
        assert process.stdin and process.stdout and process.stderr  # noqa: S101 (all three are pipes)
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._reader is not None:
            self._reader.join()
        process.stdout.close()
        process.stderr.close()
        self._process = None

    def watch(self, container: str, phase: str = FIRST_PHASE) -> None:
        """Watches a container from now on, by its full id: before it starts, or while it runs."""
        self._command("watch", container, phase)

    def phase(self, container: str, name: str) -> None:
        """Names the phase that the container is in from now on; the kernel side has it when this returns."""
        self._command("phase", container, name)

    def facts(self) -> list[AnyFact]:
        """All distinct facts since the last call, and Syscalls and Counters as they stand.

        All that happened in the containers before the call is in it. Lost comes once more with each call
        once there is any.
        """
        self._command("sync", "", "")
        with self._changed:
            new, self._new = self._new, []
            new.extend(self._translator.totals())
            if self._lost:
                new.append(Lost(facts=self._lost))
        return new

    def _command(self, verb: str, container: str, phase: str) -> None:
        if verb != "sync" and not _CONTAINER.match(container):
            raise SensorError(
                f"Tell the sensor to {verb}", f"{container!r} is no container id", "Use the full id"
            )
        process = self._process
        if process is None or process.stdin is None:
            raise SensorError(f"Tell the sensor to {verb}", "it is not running", "Use it inside `with`")
        with self._changed:
            self._until(lambda: self._ready is not None, self._began + _START_SECONDS)
            if self._broken:
                raise self._broken
            self._numbers += 1
            number = self._numbers
            if verb in {"watch", "phase"}:
                self._names[number] = (container, phase)
        with contextlib.suppress(OSError):  # it died; the reader says why
            process.stdin.write(f"{number} {verb} {container}\n".encode("ascii"))
        with self._changed:
            self._until(lambda: number in self._answers, time.monotonic() + _ANSWER_SECONDS)
            answer = self._answers.pop(number)
            self._names.pop(number, None)
        if answer.kind is Kind.FAILED:
            raise SensorError(
                f"Tell the sensor to {verb} {container}".rstrip(),
                answer.first.decode("utf-8", "replace"),
                "Check that the container is watched once, and by its full id",
            )

    def _until(self, there: Callable[[], bool], deadline: float) -> None:
        """Waits, with the lock held."""
        while not there():
            if self._broken:
                raise self._broken
            left = deadline - time.monotonic()
            if left <= 0:
                raise SensorError("Wait for the sensor", "it does not answer", "Run lacre again")
            self._changed.wait(left)

    def _read(self) -> None:
        process, decoder = self._process, Decoder()
        assert process and process.stdout and process.stderr  # noqa: S101 (see __enter__)
        broken: LacreError = _not_understood("the reader ended")  # by what is a mistake of its own
        try:
            while data := process.stdout.read(1 << 16):
                with self._changed:
                    for record in decoder.feed(data):
                        self._take(record)
                    self._changed.notify_all()
            said = process.stderr.read().decode("utf-8", "replace").strip()
            broken = _why_it_ended(process.wait(), said)
        except WireError as error:
            broken = _not_understood(str(error))
        except (LookupError, ValueError) as error:  # a number that the translator has no word for
            broken = _not_understood(f"a record that is not known: {error}")
        finally:
            process.kill()
            with self._changed:
                self._broken = broken
                self._changed.notify_all()

    def _take(self, record: Record) -> None:
        match record.kind:
            case Kind.READY:
                if record.value != VERSION:
                    raise WireError(f"version {record.value} of the records, not {VERSION}")
                self._ready = record
            case Kind.DONE | Kind.FAILED:
                # At once, before the next record: it may be a fact of the new phase.
                if record.kind is Kind.DONE and record.value in self._names:
                    container, phase = self._names[record.value]
                    self._translator.begin_phase(record.epoch, container, phase)
                self._answers[record.value] = record
            case Kind.LOST:
                self._lost = record.value
            case _:
                for fact in self._translator.facts(record):
                    if fact not in self._told:
                        self._told.add(fact)
                        self._new.append(fact)


def _not_understood(why: str) -> SensorError:
    return SensorError("Read the sensor's records", why, "Install lacre again: its parts differ")


def _why_it_ended(code: int, said: str) -> LacreError:
    if code in _GROUND_CODES:
        return GroundError("Start the sensor", said or f"exit code {code}", _GROUND_CODES[code])
    return SensorError(
        "Run the sensor", f"it ended with exit code {code}" + (f": {said}" if said else ""), "Run lacre again"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One thing that this kernel offers the sensor, or why not."""

    name: str
    available: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorGround:
    """What this host's kernel lets the sensor see. `features` is empty if it cannot run at all: `why`."""

    kernel: str
    machine: str
    usable: bool
    why: str
    capability_mechanism: str
    features: Sequence[Feature]


def probe() -> SensorGround:
    """Asks the kernel what it offers, without a container. Needs root; GroundError without the binary."""
    done = subprocess.run([binary(), "--probe"], capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        return SensorGround(
            kernel=platform.release(),
            machine=platform.machine(),
            usable=False,
            why=done.stderr.strip(),
            capability_mechanism="none",
            features=(),
        )
    said = json.loads(done.stdout)
    features = tuple(
        Feature(name=name, available=item["available"], why=item["why"])
        for name, item in said.items()
        if isinstance(item, dict)
    )
    refusals = next(f for f in features if f.name == "refusals")
    return SensorGround(
        kernel=said["kernel"],
        machine=said["machine"],
        usable=refusals.available,
        why=refusals.why,
        capability_mechanism=said["capability_mechanism"],
        features=features,
    )
