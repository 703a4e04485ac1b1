"""The original runs beside its twins, under load: nothing of it is shared, and nothing of it is lost."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.sealing import lacre, leftovers, polled
from tests.servers.harness import SERVERS, Deployment, Server

NAME = "lacre-original"
EXERCISE = (
    f'redis() {{ python3 {SERVERS}/lib/resp.py "$LACRE_CACHE_6379" "$@"; }}; '
    "redis SET visits 0 && redis FLUSHALL && redis INCR visits && redis SAVE"
)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


class Load:
    """One client that counts up, one increment after the other, over one connection to the published port."""

    def __init__(self, port: int) -> None:
        self.acknowledged = 0
        self.failures: list[str] = []
        self._port = port
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._go)

    def _go(self) -> None:
        try:
            with socket.create_connection(("127.0.0.1", self._port), timeout=10) as connection:
                answers = connection.makefile("rb")
                while not self._ended.wait(0.002):
                    connection.sendall(b"INCR orders\r\n")
                    answer = answers.readline()
                    if answer != b":%d\r\n" % (self.acknowledged + 1):
                        self.failures.append(f"after {self.acknowledged}: {answer!r}")
                        return
                    self.acknowledged += 1
        except OSError as error:
            self.failures.append(f"after {self.acknowledged}: {error}")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def docker(*arguments: str) -> Any:
    shown = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    return json.loads(shown.stdout or "[]")


def twins_of(project: str) -> Iterator[dict[str, Any]]:
    """The containers of twins of a project: they carry its name in theirs."""
    words = [
        "docker",
        "ps",
        "-aq",
        "--no-trunc",
        "--filter",
        "label=lacre.twin",
        "--filter",
        f"name={project}",
    ]
    shown = subprocess.run(words, capture_output=True, text=True, check=True)
    if identities := shown.stdout.split():
        yield from docker("inspect", *identities)


def of_engine(container: dict[str, Any]) -> dict[str, set[str]]:
    """What a container has of the engine that another could share."""
    return {
        "names": {container["Name"]},
        "volumes": {m["Name"] for m in container["Mounts"] if m["Type"] == "volume"},
        "host paths": {m["Source"] for m in container["Mounts"] if m["Type"] == "bind" and m["RW"]},
        "networks": {
            n["NetworkID"] for n in container["NetworkSettings"]["Networks"].values() if n["NetworkID"]
        },
        "addresses": {
            n["IPAddress"] for n in container["NetworkSettings"]["Networks"].values() if n["IPAddress"]
        },
        "ports": {
            binding["HostPort"]
            for bindings in (container["HostConfig"]["PortBindings"] or {}).values()
            for binding in bindings or ()
        },
    }


def test_the_original_loses_nothing_while_its_twins_are_poked_at(
    test_server: Callable[[str], Server], tmp_path: Path
) -> None:
    test_server("redis")
    port = free_port()
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "note").write_text("the original's\n")
    (tmp_path / "compose.yaml").write_text(
        textwrap.dedent(f"""
        name: {NAME}
        services:
          cache:
            image: lacre-test/redis
            container_name: {NAME}-cache
            command: [sh, -c, "echo started >> /shared/note; exec redis-server --protected-mode no --appendonly yes"]
            ports: ["127.0.0.1:{port}:6379"]
            volumes: [data:/data, ./shared:/shared]
            restart: always
        volumes: {{data: {{}}}}
        """)
    )
    seen: dict[str, set[str]] = {}

    def look() -> None:
        with contextlib.suppress(KeyError):  # a container that is just being removed
            for twin in twins_of(NAME):
                for kind, things in of_engine(twin).items():
                    seen.setdefault(kind, set()).update(things)

    with Deployment(tmp_path, NAME, published=True) as original:
        (before,) = original.containers()
        (shared / "note").write_text("the original's\n")
        with polled(look), Load(port) as load:
            ran = lacre("seal", "--exercise", EXERCISE, "--output", "sealed", directory=tmp_path)
        (after,) = original.containers()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET orders\r\n")
            answers = connection.makefile("rb")
            answers.readline()
            kept = int(answers.readline())
    assert ran.code == 0, str(ran)
    assert not load.failures
    assert load.acknowledged > 1000
    assert kept == load.acknowledged
    assert (shared / "note").read_text() == "the original's\n"
    for field in ("Id", "Name", "RestartCount"):
        assert after[field] == before[field]
    for field in ("Pid", "StartedAt", "Status"):
        assert after["State"][field] == before["State"][field]
    assert after["NetworkSettings"]["Networks"] == before["NetworkSettings"]["Networks"]
    assert sorted(after["Mounts"], key=str) == sorted(before["Mounts"], key=str)
    assert seen["names"] and seen["volumes"] and seen["networks"]
    assert not seen["ports"]
    own = of_engine(before)
    assert not {kind: both for kind in own if (both := own[kind] & seen[kind])}
    assert not leftovers()


@pytest.mark.long
@pytest.mark.parametrize("bound", [False, True], ids=["volume", "bound to a directory"])
def test_an_external_volume_is_not_the_twins(
    bound: bool, test_server: Callable[[str], Server], tmp_path: Path
) -> None:
    """Whatever names a project's volume: what it holds stays as it is, byte by byte."""
    test_server("redis")
    (tmp_path / "data").mkdir()
    volume = f"{NAME}-bound" if bound else f"{NAME}-kept"
    bind = ["--opt", "type=none", "--opt", "o=bind", "--opt", f"device={tmp_path / 'data'}"]
    options = bind if bound else []
    subprocess.run(["docker", "volume", "create", *options, volume], check=True, capture_output=True)
    try:
        write = ["docker", "run", "--rm", "-v", f"{volume}:/d", "debian:bookworm-slim", "sh", "-c"]
        subprocess.run([*write, "echo kept > /d/order; chown 100:101 /d"], check=True, capture_output=True)
        (tmp_path / "compose.yaml").write_text(
            f"services: {{cache: {{image: lacre-test/redis, volumes: ['data:/data']}}}}\n"
            f"volumes: {{data: {{name: {volume}, external: true}}}}\n"
        )
        ran = lacre("seal", "--exercise", EXERCISE, "--dry-run", directory=tmp_path)
        assert ran.code == 0, str(ran)
        shown = subprocess.run([*write, "ls -A /d; cat /d/order"], check=True, capture_output=True, text=True)
        assert shown.stdout == "order\nkept\n"
    finally:
        subprocess.run(["docker", "volume", "rm", volume], check=True, capture_output=True)
