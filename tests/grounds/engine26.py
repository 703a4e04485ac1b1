"""Grounds B and C: Docker 26 of Debian 13 beside the machine's own engine, on the same kernel.

`python -m tests.grounds B` (or `C`) starts one by hand and says what to put into DOCKER_HOST; Ctrl-C ends it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, ClassVar, Literal, Self

from tests.grounds.cache import CACHE, GroundError, layers, take, tree
from tests.grounds.daemons import STOP_SECONDS, answers, end_all, living_in, namespace, pids

Store = Literal["overlay2", "containerd", "unfiltered"]
"""Which image store; the last one is overlay2 again, under an engine that filters no system calls by default."""

PACKAGES = ("docker.io", "docker-cli", "iptables", "iproute2", "ca-certificates")
NETWORKS: dict[Store, str] = {"overlay2": "10.226", "containerd": "10.227", "unfiltered": "10.230"}
NAMES: dict[Store, str] = {"overlay2": "B", "containerd": "C", "unfiltered": "open"}
FLAGS: dict[Store, Sequence[str]] = {"unfiltered": ("--seccomp-profile=unconfined",)}
START_SECONDS = 60


@dataclass
class Engine26:
    """A second engine; `with` starts it, waits until it answers, and ends it with all that ran in it.

    Its images stay in the cache, so that `load` is quick the next time.
    """

    store: Store
    # How long to wait for another run of the tests that uses it.
    wait_seconds: float = 600
    version: ClassVar[str] = "26."

    def __post_init__(self) -> None:
        self._place(NAMES[self.store], NETWORKS[self.store])
        self._flags = FLAGS.get(self.store, ())
        self._process: subprocess.Popen[str] | None = None
        self._lock: IO[str] | None = None

    def _place(self, name: str, network: str) -> None:
        self.name = name
        self.run = Path(f"/run/lacre-ground-{name.lower()}")
        self.docker_host = f"unix://{self.run}/docker.sock"
        self._network = network
        self._link = f"lacre-{name.lower()}"

    def __enter__(self) -> Self:
        self._lock = take(self.name, self.wait_seconds)
        try:
            self._end_left_over()
            self.run.mkdir(mode=0o700)
            self._start(self._command())
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.stop()

    def docker(self, *arguments: str, timeout: float = 300, stdin: str = "") -> str:
        """Run the docker client against this engine; its standard output."""
        done = subprocess.run(
            ["docker", *arguments], env=os.environ | {"DOCKER_HOST": self.docker_host},
            input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            raise GroundError(f"ground {self.name}: docker {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def load(self, images: Iterable[str]) -> None:
        """Copy images of the machine's own engine into this one, unless they are there unchanged."""
        missing = [i for i in images if layers(i) != layers(i, self.docker_host)]
        if not missing:
            return
        source = {k: v for k, v in os.environ.items() if k != "DOCKER_HOST"}
        with subprocess.Popen(["docker", "save", *missing], stdout=subprocess.PIPE, env=source) as save:
            loaded = subprocess.run(
                ["docker", "load", "-q"], stdin=save.stdout, capture_output=True, text=True, check=False,
                env=source | {"DOCKER_HOST": self.docker_host},
            )  # fmt: skip
        if save.returncode != 0 or loaded.returncode != 0:
            raise GroundError(
                f"ground {self.name}: cannot load {', '.join(missing)}: {loaded.stderr.strip()}"
            )

    def stop(self) -> None:
        """End the engine, what runs in it and what was made for it. Its images stay."""
        process, self._process = self._process, None
        if process is not None:
            self._remove_containers()
            mounts = namespace(process.pid)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            end_all(living_in(mounts))
        subprocess.run(["ip", "link", "delete", self._link], capture_output=True, check=False)
        if self._lock is not None:
            shutil.rmtree(self.run, ignore_errors=True)
            self._lock.close()
            self._lock = None

    def _end_left_over(self) -> None:
        """A killed run leaves dockerd behind; the lock says that nobody uses it any more."""
        for pid in _dockerds(self.docker_host):
            mounts = namespace(pid)
            end_all([pid])
            end_all(living_in(mounts))
        shutil.rmtree(self.run, ignore_errors=True)
        subprocess.run(["ip", "link", "delete", self._link], capture_output=True, check=False)

    def _command(self) -> list[str]:
        """What becomes the engine, but for the last two words: its directory below /run and its network."""
        root = tree("docker26", "trixie", PACKAGES)
        return [str(Path(__file__).with_suffix(".sh")), str(root), self.store]

    def _start(self, inside: Sequence[str]) -> None:
        log = CACHE / "log" / f"ground-{self.name}.log"
        log.parent.mkdir(exist_ok=True)
        # With us ends also what we started, should we be killed.
        command = ["setpriv", "--pdeathsig", "TERM", "unshare", "--mount", "--net"]
        command += [*inside, str(self.run), self._network, *self._flags]
        with log.open("w") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        assert self._process.stdin and self._process.stdout
        if self._process.stdout.readline() != "unshared\n":
            raise GroundError(f"ground {self.name} did not start: {_last_line(log)}")
        _ip("link", "add", self._link, "type", "veth", "peer", "name", "up0", "netns", str(self._process.pid))
        _ip("address", "add", f"{self._network}.255.253/30", "dev", self._link)
        _ip("link", "set", self._link, "up")
        _ip("route", "add", f"{self._network}.0.0/16", "via", f"{self._network}.255.254")
        self._process.stdin.write("\n")
        self._process.stdin.close()
        deadline = time.monotonic() + START_SECONDS
        while not answers(self.run / "docker.sock"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise GroundError(f"ground {self.name} does not answer: {_last_line(log)} (all of it: {log})")
            time.sleep(0.05)
        # What a killed run left in the data directory, which is kept for its images.
        self._remove_containers()

    def _remove_containers(self) -> None:
        try:
            if ids := self.docker("ps", "-aq", timeout=30).split():
                self.docker("rm", "-fv", *ids, timeout=60)
            self.docker("network", "prune", "-f", timeout=30)
            if volumes := self.docker("volume", "ls", "-q", timeout=30).split():
                self.docker("volume", "rm", *volumes, timeout=60)
        except (GroundError, subprocess.TimeoutExpired) as error:
            print(f"ground {self.name}: {error}", file=sys.stderr)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GroundError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "no message"


def _dockerds(docker_host: str) -> Iterator[int]:
    for pid in pids():
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0].endswith(b"dockerd") and docker_host.encode() in words:
            yield pid
