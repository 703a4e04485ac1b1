"""Brings up a server of this directory with plain `docker compose` and works with it.

The environment of a lacre exercise (LACRE_SERVICE, LACRE_SERVICE_PORT, LACRE_PROJECT, LACRE_PHASE) is made
here from the containers' addresses, so that exercises and workloads can be tried without lacre: on the
original, or on one that runs under a sealed override.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

SERVERS = Path(__file__).resolve().parent


class ServerError(Exception):
    """A command of a server's test failed; the message holds its output."""


@dataclass(frozen=True)
class Server:
    """A directory with a compose.yaml, an exercise.sh and workloads."""

    name: str
    directory: Path
    # The command line to give to `lacre seal --exercise`.
    exercise: str = "sh exercise.sh"

    @property
    def compose(self) -> Path:
        return self.directory / "compose.yaml"

    @property
    def workloads(self) -> list[str]:
        """Command lines that are not the exercise."""
        return [f"sh {file.name}" for file in sorted(self.directory.glob("workload[0-9].sh"))]


def server(name: str) -> Server:
    """The server of that name under tests/servers."""
    directory = SERVERS / name
    if not (directory / "compose.yaml").exists():
        raise KeyError(f"no server {name} under {SERVERS}")
    return Server(name, directory)


@dataclass
class Deployment:
    """A Compose project that is up, without published ports; `with` takes it down with its volumes."""

    directory: Path
    project: str
    files: Sequence[str] = ("compose.yaml",)
    docker_host: str | None = None
    ready_timeout: float = 120
    published: bool = False
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, command: Sequence[str], timeout: float = 300, **extra: str) -> str:
        """Run a command in the project's directory; its standard output. Raises ServerError."""
        environment = os.environ | self.environment | extra
        if self.docker_host:
            environment["DOCKER_HOST"] = self.docker_host
        try:
            done = subprocess.run(
                command, cwd=self.directory, env=environment, stdin=subprocess.DEVNULL, capture_output=True,
                text=True, timeout=timeout, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise ServerError(f"{command}: no end after {timeout:.0f} s") from error
        if done.returncode != 0:
            raise ServerError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def compose(self, *arguments: str, timeout: float = 300) -> str:
        """Run `docker compose` on this project."""
        files = [word for file in self.files for word in ("-f", file)]
        return self.run(["docker", "compose", "-p", self.project, *files, *arguments], timeout)

    def up(self) -> None:
        """Start it (again) and wait until it is ready."""
        up = ["up", "-d", "--no-build"]
        services = json.loads(self.compose("config", "--format", "json"))["services"]
        if self.published or not any(service.get("ports") for service in services.values()):
            self.compose(*up)
        else:
            with tempfile.NamedTemporaryFile("w", suffix=".yaml") as override:
                override.write("services:\n")
                for name, service in services.items():
                    if service.get("ports"):
                        override.write(f"  {name}: {{ports: !reset []}}\n")
                override.flush()
                self.compose("-f", override.name, *up)
        self._wait()

    def containers(self) -> list[dict[str, Any]]:
        """Each container of the project as `docker inspect` shows it."""
        ids = self.run(
            [
                "docker",
                "ps",
                "-aq",
                "--no-trunc",
                "--filter",
                f"label=com.docker.compose.project={self.project}",
            ]
        ).split()
        if not ids:
            return []
        shown: list[dict[str, Any]] = json.loads(self.run(["docker", "inspect", *ids]))
        return shown

    def variables(self) -> dict[str, str]:
        """The environment of an exercise, as design.md's contract has it."""
        found = {"LACRE_PROJECT": self.project}
        for container in self.containers():
            addresses = [
                n["IPAddress"] for n in container["NetworkSettings"]["Networks"].values() if n["IPAddress"]
            ]
            if not addresses:
                continue
            service = container["Config"]["Labels"]["com.docker.compose.service"]
            name = "LACRE_" + re.sub(r"[^A-Z0-9]", "_", service.upper())
            found.setdefault(name, addresses[0])
            for port in container["Config"].get("ExposedPorts") or {}:
                number = port.split("/")[0]
                found.setdefault(f"{name}_{number}", f"{found[name]}:{number}")
        return found

    def exercise(self, command: str, phase: str = "first", timeout: float = 300) -> str:
        """Run an exercise or a workload by `sh -c` in the project's directory."""
        return self.run(["sh", "-c", command], timeout, **self.variables(), LACRE_PHASE=phase)

    def _wait(self) -> None:
        deadline = time.monotonic() + self.ready_timeout
        while waiting := [text for c in self.containers() if (text := self._not_ready(c))]:
            if time.monotonic() > deadline:
                raise ServerError(
                    f"not ready after {self.ready_timeout:.0f} s: {', '.join(waiting)}\n{self.logs()}"
                )
            time.sleep(0.1)

    @staticmethod
    def _not_ready(container: dict[str, Any]) -> str | None:
        state, name = container["State"], container["Name"]
        if not state["Running"]:
            return (
                None
                if state["Status"] == "exited" and state["ExitCode"] == 0
                else f"{name} is {state['Status']}"
            )
        if health := state.get("Health"):
            return None if health["Status"] == "healthy" else f"{name} is {health['Status']}"
        for network in container["NetworkSettings"]["Networks"].values():
            for port in container["Config"].get("ExposedPorts") or {}:
                number, protocol = port.split("/")
                if protocol == "tcp":
                    try:
                        socket.create_connection((network["IPAddress"], int(number)), timeout=1).close()
                    except OSError as error:
                        return f"{name} port {number}: {error}"
        return None

    def recreate(self) -> None:
        """New containers on the same named volumes; `down` would leave the unnamed ones behind."""
        mounts = [mount for container in self.containers() for mount in container["Mounts"]]
        unnamed = {m["Name"] for m in mounts if re.fullmatch("[0-9a-f]{64}", m.get("Name", ""))}
        self.compose("down")
        if unnamed:
            self.run(["docker", "volume", "rm", *sorted(unnamed)])
        self.up()

    def logs(self) -> str:
        """The last lines that its services printed."""
        return self.compose("logs", "--no-color", "--tail", "40")

    def down(self) -> None:
        """Remove its containers, networks and volumes."""
        self.compose("down", "-v", "--remove-orphans", "-t", "5")

    def __enter__(self) -> Deployment:
        try:
            self.up()
        except BaseException:
            self.down()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.down()
