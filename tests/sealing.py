"""What the tests of sealing share: the command itself, a sealed server, the sealed server running, and the table."""

from __future__ import annotations

import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lacre.capabilities import CAPABILITIES
from lacre.observe import Run
from lacre.seal import file as seal_file
from lacre.seal.model import Margin, Seal, ServiceSeal
from lacre.seccomp import derive, share_refused
from tests.servers.harness import Deployment, Server

ROOT = Path(__file__).resolve().parent.parent
PLAIN = (sys.executable, "-c", "from lacre.cli import main; main()")
OVERRIDE = "sealed/compose.sealed.yaml"
SEAL_SECONDS = 600


@dataclass(frozen=True)
class Ran:
    """A `lacre` command that ended."""

    code: int
    output: str
    errors: str
    seconds: float

    def __str__(self) -> str:
        return f"exit code {self.code} after {self.seconds:.1f} s\n{self.output}\n{self.errors}"


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a `lacre` that runs from this checkout."""
    paths = [str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), **(more or {})}


def lacre(
    *arguments: str,
    directory: Path,
    more: Mapping[str, str] | None = None,
    prefix: Sequence[str] = (),
    seconds: float = SEAL_SECONDS,
) -> Ran:
    """Run `lacre` to its end, in `directory`; `prefix` is what it is started by."""
    began = time.monotonic()
    with subprocess.Popen(
        [*prefix, *PLAIN, *arguments], cwd=directory, env=environment(more), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        STARTED.add(process.pid)
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException:
            process.terminate()
            raise
    return Ran(process.returncode, output, errors, time.monotonic() - began)


STARTED: set[int] = set()
"""The process ids of every `lacre` that the tests started: whose leftovers are theirs."""


class Running:
    """A `lacre` at work; `wait_for` reads what it says about its progress."""

    def __init__(self, *arguments: str, directory: Path, more: Mapping[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._process = subprocess.Popen(
            [*PLAIN, *arguments], cwd=directory, env=environment(more), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )  # fmt: skip
        STARTED.add(self.pid)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()

    def wait_for(self, text: str, seconds: float = 120) -> None:
        """Until a line with `text` was said."""
        with self._news:
            said = self._news.wait_for(lambda: any(text in line for line in self.lines), seconds)
        assert said, f"it never said {text!r}:\n{self}"

    def wait_until(self, true: Callable[[], bool], seconds: float = 60) -> None:
        """Until something else than a line shows how far it is."""
        deadline = time.monotonic() + seconds
        while not true():
            assert self._process.poll() is None and time.monotonic() < deadline, str(self)
            time.sleep(0.02)

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self, seconds: float = 90) -> int:
        """Its exit code."""
        code = self._process.wait(seconds)
        self._reader.join(seconds)
        return code

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reader.join(10)

    def __str__(self) -> str:
        return "\n".join(self.lines)


def leftovers(docker_host: str | None = None) -> list[str]:
    """What the tests' own runs of `lacre` left on an engine; other runs beside them do not count."""
    more = {"DOCKER_HOST": docker_host} if docker_host else {}
    found = []
    for kind in (("ps", "-a"), ("network", "ls"), ("volume", "ls")):
        shown = subprocess.run(
            ["docker", *kind, "--filter", "label=lacre.owner", "--format", '{{.Label "lacre.owner"}}'],
            env={**os.environ, **more}, capture_output=True, text=True, check=True,
        )  # fmt: skip
        owners = [line.split("/") for line in shown.stdout.splitlines()]
        found += [f"{kind[0]}: {'/'.join(owner)}" for owner in owners if int(owner[3]) in STARTED]
    return found


@dataclass(frozen=True)
class SealedServer:
    """A server that one `lacre seal` has sealed, in a copy of its directory."""

    server: Server
    directory: Path
    output: Path
    ran: Ran
    runs: tuple[Run, ...]  # the baselines, then the trials

    @property
    def result(self) -> dict[str, Any]:
        """What `--format json` printed."""
        shown: dict[str, Any] = json.loads(self.ran.output)
        return shown

    @property
    def seal(self) -> Seal:
        """lacre.yaml, read again."""
        path = self.output / "lacre.yaml"
        return seal_file.load(path.read_text(), str(path))

    @property
    def service(self) -> str:
        """The service that the server is about."""
        return main_service(self.server.name, self.seal.services)

    @property
    def main(self) -> ServiceSeal:
        return self.seal.services[self.service]

    @property
    def baseline(self) -> Run:
        """The last run without a seal: the one that the trials are compared with."""
        return [run for run in self.runs if run.name == "baseline"][-1]

    @property
    def proofs(self) -> tuple[Run, ...]:
        """The trials that worked; one of them ran what is written (later ones may have tried less in vain)."""
        return tuple(run for run in self.runs if run.name != "baseline" and run.works)


def main_service(name: str, services: Collection[str]) -> str:
    return next(s for s in (name, "app", "web", *services) if s in services)


def copy_of(server: Server, parent: Path) -> Server:
    """The server in another place, with the library that its scripts use."""
    directory = parent / server.name
    shutil.copytree(server.directory, directory)
    library = server.directory.parent / "lib"
    if library.exists() and not (parent / "lib").exists():
        shutil.copytree(library, parent / "lib")
    return Server(server.name, directory, server.exercise)


def seal(
    server: Server,
    parent: Path,
    *arguments: str,
    docker_host: str | None = None,
    codes: Collection[int] = (0, 3),
    attack: bool = False,
) -> SealedServer:
    """Seal a copy of the server below `parent` by one command; fails unless its exit code is one of `codes`."""
    copied = copy_of(server, parent)
    runs = parent / "runs.pickle"
    more = {"LACRE_TEST_RUNS": str(runs)} | ({"DOCKER_HOST": docker_host} if docker_host else {})
    began = time.monotonic()
    words = [
        "seal", "-f", "compose.yaml", "--exercise", server.exercise, "--output", "sealed", "--format", "json",
        *([] if attack else ["--no-attack"]), *arguments,
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "recorded_lacre.py"), *words],
        cwd=copied.directory, env=environment(more), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SEAL_SECONDS, check=False,
    )  # fmt: skip
    ran = Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - began)
    assert ran.code in codes, f"sealing {server.name}: {ran}"
    seen = tuple(pickle.loads(runs.read_bytes()))  # noqa: S301 - our own
    return SealedServer(copied, copied.directory, copied.directory / "sealed", ran, seen)


@contextmanager
def deployed(
    sealed: SealedServer, project: str, parent: Path, docker_host: str | None = None
) -> Iterator[Deployment]:
    """The sealed server, up from a further copy of its directory as `lacre seal` left it."""
    elsewhere = parent / "elsewhere"
    elsewhere.mkdir()
    copied = copy_of(sealed.server, elsewhere)
    files = ("compose.yaml", OVERRIDE)
    with Deployment(copied.directory, project, files, docker_host=docker_host) as up:
        yield up


# ---- what is in force ---------------------------------------------------------------------------


def capability_mask(names: Collection[str]) -> int:
    """The bit mask of capabilities by name."""
    return sum(1 << CAPABILITIES.index(name) for name in names)


def status(pid: int) -> dict[str, str]:
    """The fields of /proc/PID/status; empty when it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {
        key: value.strip() for key, value in (line.split(":", 1) for line in text.splitlines() if ":" in line)
    }


def processes(container: Mapping[str, Any]) -> list[int]:
    """All processes of a container, as the host numbers them."""
    namespace = Path(f"/proc/{container['State']['Pid']}/ns/pid").readlink()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                if (entry / "ns" / "pid").readlink() == namespace:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def not_in_force(container: Mapping[str, Any], sealed: ServiceSeal) -> list[str]:  # noqa: PLR0912 - a list of checks
    """What of a service's seal a running container lacks: seen from the engine and from /proc."""
    host, pid, wrong = container["HostConfig"], container["State"]["Pid"], []

    def check(what: str, *, holds: bool) -> None:
        if not holds:
            wrong.append(what)

    mounts = [line.split() for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    if sealed.filesystem.read_only and not sealed.filesystem.off:
        check("ReadonlyRootfs", holds=host["ReadonlyRootfs"])
        root = [words[5] for words in mounts if words[4] == "/"]
        check(f"the root is mounted {root}", holds=all("ro" in options.split(",") for options in root))
    for tmpfs in sealed.filesystem.tmpfs:
        options = [set(words[5].split(",")) for words in mounts if words[4] == tmpfs.path]
        wanted = {"nosuid", "nodev"} | (set() if tmpfs.exec else {"noexec"})
        check(f"{tmpfs.path} is mounted {options}", holds=bool(options) and wanted <= options[-1])
    for mount in sealed.filesystem.read_only_mounts:
        modes = [m["RW"] for m in container["Mounts"] if m["Destination"] == mount]
        check(f"{mount} is writable", holds=modes == [False])
    if not sealed.capabilities.off:
        dropped = {name.removeprefix("CAP_") for name in host["CapDrop"] or ()}
        added = {name.removeprefix("CAP_") for name in host["CapAdd"] or ()}
        check(f"CapDrop {dropped}", holds=dropped == {"ALL"})
        check(f"CapAdd {added}", holds=added == sealed.capabilities.add)
    most = capability_mask(sealed.capabilities.add)
    pids = processes(container)
    check("no processes", holds=bool(pids))
    for number in pids:
        fields = status(number)
        if not fields or fields["Name"].startswith("runc:"):
            continue  # gone, or the engine's runtime on its way to a health check's first exec
        name = f"{fields['Name']} ({number})"
        if not sealed.capabilities.off:
            for kind in ("CapEff", "CapPrm", "CapBnd", "CapInh"):
                check(f"{name}: {kind} {fields[kind]}", holds=not int(fields[kind], 16) & ~most)
        if sealed.privileges.no_new_privileges and not sealed.privileges.off:
            check(f"{name}: NoNewPrivs {fields['NoNewPrivs']}", holds=fields["NoNewPrivs"] == "1")
        if sealed.syscalls.base != "unchanged":
            check(f"{name}: Seccomp {fields['Seccomp']}", holds=fields["Seccomp"] == "2")
        if not sealed.user.root:
            check(f"{name}: uid {fields['Uid']}", holds="0" not in fields["Uid"].split())
    if sealed.limits.memory:
        check(f"memory {host['Memory']}", holds=host["Memory"] == sealed.limits.memory)
        shown = cgroup(pid, "memory", "memory.limit_in_bytes", "memory.max")
        check(f"memory limit of the control group {shown}", holds=shown == str(sealed.limits.memory))
    if sealed.limits.init:
        check("no init", holds=bool(host["Init"]))
    if sealed.limits.pids:
        check(f"pids {host['PidsLimit']}", holds=host["PidsLimit"] == sealed.limits.pids)
        shown = cgroup(pid, "pids", "pids.max", "pids.max")
        check(f"pids limit of the control group {shown}", holds=shown == str(sealed.limits.pids))
    return wrong


def cgroup(pid: int, controller: str, name: str, name_v2: str) -> str:
    """A file of the control group of a process, whichever version is mounted."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            return (Path("/sys/fs/cgroup") / controller / path.lstrip("/") / name).read_text().strip()
        if not controllers:
            v2 = Path("/sys/fs/cgroup") / path.lstrip("/") / name_v2
            if v2.exists():
                return v2.read_text().strip()
    return "not found"


# ---- the table that is shown at the end of a session ---------------------------------------------


@dataclass
class Row:
    """What sealing one server gave; `exact` and `normal` are shares of Docker's default profile, refused."""

    server: str
    trials: int
    seconds: float
    user: str
    capabilities: str
    writable: str
    exact: float | None
    normal: float | None
    limits: str
    off: str = ""


@dataclass
class Table:
    """The rows of this session, each server once."""

    rows: dict[str, Row] = field(default_factory=dict)

    def add(self, sealed: SealedServer, name: str = "") -> None:
        service, name = sealed.main, name or sealed.server.name
        allow_list = service.syscalls.base == "allow-list" and not service.syscalls.off
        exact = derive(service.syscalls.observed, Margin.EXACT, service.capabilities.add)
        files = service.filesystem
        off = [
            f"{control}: {reason}"
            for control in (
                "user",
                "capabilities",
                "filesystem",
                "syscalls",
                "privileges",
                "limits",
                "logging",
            )
            if (reason := getattr(service, control).off)
        ]
        self.rows[name] = Row(
            server=name,
            trials=sealed.seal.trials,
            seconds=sealed.ran.seconds,
            user=service.user.user or ("root" if service.user.root else "the image's"),
            capabilities=" ".join(sorted(service.capabilities.add)) or "none",
            writable=" ".join(
                [f"{t.path}:{t.size >> 20}M" for t in files.tmpfs] + [v.path for v in files.volumes]
            ),
            exact=share_refused(exact) if allow_list else None,
            normal=share_refused(service.syscalls.allowed) if allow_list else None,
            limits=f"{(service.limits.memory or 0) >> 20}M {service.limits.pids} pids {service.limits.cpus} cpus",
            off="; ".join(off),
        )

    def text(self) -> str:
        """The table, one line a server."""
        head = (
            "server",
            "trials",
            "seconds",
            "user",
            "capabilities",
            "refused exact/normal",
            "limits",
            "writable",
        )
        lines = [head]
        for row in self.rows.values():
            shares = "/".join("-" if share is None else f"{share:.0%}" for share in (row.exact, row.normal))
            lines.append((
                row.server, str(row.trials), f"{row.seconds:.1f}", row.user, row.capabilities, shares, row.limits,
                row.writable + (f"   OFF {row.off}" if row.off else ""),
            ))  # fmt: skip
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        return "\n".join(
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        )


TABLE = Table()


# ---- small things --------------------------------------------------------------------------------


def numbers_left_out(path: str) -> str:
    """A path without the numbers that differ from run to run."""
    return re.sub(r"\d+", "#", path)


@contextmanager
def polled(look: Callable[[], None], seconds: float = 0.2) -> Iterator[None]:
    """Calls `look` again and again while the body runs, and fails if it failed."""
    ended = threading.Event()
    errors: list[BaseException] = []

    def go() -> None:
        while not ended.wait(seconds):
            try:
                look()
            except BaseException as error:
                errors.append(error)
                return

    thread = threading.Thread(target=go)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if errors:
        raise errors[0]
