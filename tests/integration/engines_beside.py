"""Engines of one's own beside the machine's, each with its own files, for what no test may do to the machine's.

An engine gets a mount and a network namespace: over /etc, /root and /usr/local lie folders of the test, so that the
engine's own files can be as bad as they like, and nothing of its networks or packet filter is the machine's.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from lacre.audit import collect
from lacre.audit.collect import Machine, Wanted
from lacre.audit.hiding import Hiding
from lacre.audit.kept import Kept
from lacre.audit.machine import audit_machine
from lacre.audit.model import Answer, Scope
from lacre.audit.registry import CHECKS
from lacre.engine.reader import reader
from tests.grounds.daemons import STOP_SECONDS, answers, end_all, living_in, namespace
from tests.unit.audit.machines import TODAY

SECONDS = 60
OVER = ("etc", "root", "usr/local")

BESIDE = """
set -e
mount --make-rprivate /
for one in {over}; do
    mkdir -p {place}/up/$one {place}/work/$one
    mount -t overlay overlay -o "lowerdir=/$one,upperdir={place}/up/$one,workdir={place}/work/$one" "/$one"
done
for one in /run/docker /run/containerd; do
    mkdir -p $one
    mount -t tmpfs tmpfs $one
done
{more}
ip link set lo up
exec dockerd {words}
"""
ROOTLESS = """
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs /run/docker
export ROOTLESSKIT_STATE_DIR={place}/state XDG_RUNTIME_DIR={place}/state HOME={place}/state PATH={place}/bin:$PATH
mkdir -p {place}/state {place}/bin
printf '#!/bin/sh\\n' > {place}/bin/rootlesskit-docker-proxy
chmod 755 {place}/bin/rootlesskit-docker-proxy
ip link set lo up
exec dockerd --rootless --group root --storage-driver vfs {words}
"""


class Beside:
    """An engine; `with` starts it, waits until it answers, and ends it with all that it had.

    `config` becomes its daemon.json, `flags` stand on its command line, `files` are those of its own system by path, as
    text and mode. `more` is shell that is run in its namespaces before it starts.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        *flags: str,
        files: Mapping[str, tuple[str, int]] | None = None,
        more: str = "",
        script: str = BESIDE,
        unshare: Sequence[str] = ("--mount", "--net"),
    ) -> None:
        # Short, since the path of a socket may have 108 bytes; of /run's own file system an overlay cannot be made.
        self.place = Path(tempfile.mkdtemp(prefix="lacre-e-", dir="/tmp"))
        self.place.chmod(0o711)  # remapped users pass through
        self.docker_host = f"unix://{self.place}/docker.sock"
        self._unshare = unshare
        self._process: subprocess.Popen[bytes] | None = None
        self.file = self.place / "daemon.json"
        if script is BESIDE:
            self.file = self.place / "up/etc/docker/daemon.json"
        self._put({str(self.file): (json.dumps(config), 0o644)}, Path("/"))
        self._put(files or {}, self.place / "up")
        told = "/etc/docker/daemon.json" if script is BESIDE else self.file
        words = (
            f"--config-file={told}", f"--data-root={self.place}/data", f"--exec-root={self.place}/exec",
            f"--pidfile={self.place}/pid", "-H", self.docker_host, *flags,
        )  # fmt: skip
        self._script = script.format(
            place=self.place, over=" ".join(OVER), words=" ".join(words), more=more.format(place=self.place),
        )  # fmt: skip

    def _put(self, files: Mapping[str, tuple[str, int]], root: Path) -> None:
        for name, (text, mode) in files.items():
            path = root / name.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            path.chmod(mode)

    def __enter__(self) -> Beside:
        log = (self.place / "log").open("wb")
        with log:
            self._process = subprocess.Popen(
                # With us ends also what we started, should we be killed.
                ["setpriv", "--pdeathsig", "TERM", "unshare", *self._unshare, "sh", "-c", self._script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + SECONDS
        while not answers(self.place / "docker.sock"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                lines = (self.place / "log").read_text(errors="replace").splitlines()
                self.__exit__(None, None, None)
                raise AssertionError(f"the engine does not start: {lines[-3:]}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        process = self._process
        if process is not None and process.poll() is None:
            mounts = namespace(process.pid)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            end_all(living_in(mounts))  # its containerd
        shutil.rmtree(self.place, ignore_errors=True)

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def docker(self, *words: str, **more: Any) -> str:
        """What the client says of it."""
        done = subprocess.run(
            ["docker", *words], env=os.environ | {"DOCKER_HOST": self.docker_host}, capture_output=True, text=True,
            timeout=120, check=False, **more,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said: str = done.stdout
        return said

    def run(self, *words: str) -> None:
        """Run a program where the engine lives."""
        subprocess.run(["nsenter", f"--target={self.pid}", "--mount", "--net", *words], check=True)

    def machine(self) -> Machine:
        """All facts of it and what is under it."""
        with reader({**os.environ, "DOCKER_HOST": self.docker_host}) as client:
            return collect.machine(client, Wanted(), Kept(None), trust="", say=lambda _: None)

    def answers(self) -> dict[tuple[str, Scope], Answer]:
        """What every check says of the engine, its host and its swarm."""
        report = audit_machine(self.machine(), CHECKS, Hiding(TODAY))
        wanted = (Scope.DAEMON, Scope.HOST, Scope.SWARM)
        return {(a.check, a.subject.scope): a for a in report.answers if a.subject.scope in wanted}
