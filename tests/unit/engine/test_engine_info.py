"""What an engine says of itself, told by engines that are not Docker's, or not quite right."""

from __future__ import annotations

import contextlib
import json
import platform
import socketserver
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from lacre.engine import Engine
from lacre.errors import EngineError

VERSION = {"ApiVersion": "1.41", "Version": "20.10.24"}
INFO = {
    "ServerVersion": "20.10.24",
    "KernelVersion": platform.release(),
    "Name": platform.node(),
    "SecurityOptions": ["name=seccomp,profile=default"],
    "NCPU": 2,
    "MemTotal": 1 << 32,
}


class _Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


@contextlib.contextmanager
def engine(directory: Path, version: Any, info: Any) -> Iterator[Engine]:
    """A socket that answers two questions as it is told."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(info if self.path.endswith("/info") else version).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self) -> str:
            return "client"

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    path = directory / "docker.sock"
    with _Server(str(path), Answers) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            with Engine({"DOCKER_HOST": f"unix://{path}"}) as client:
                yield client
        finally:
            server.shutdown()  # a thread left behind would ask its closed socket without an end


def test_the_machine_s_own_engine_is_told_from_podman(tmp_path: Path) -> None:
    with engine(tmp_path, VERSION, INFO) as docker:
        told = docker.info()
    assert (told.podman, told.rootless, told.local, told.seccomp) == (False, False, True, True)


def test_podman_says_who_it_is_in_its_version_alone(tmp_path: Path) -> None:
    podman = VERSION | {
        "Version": "4.3.1",
        "Components": [None, {"Name": "Podman Engine"}, {"Name": "Conmon"}],
    }
    with engine(tmp_path, podman, INFO) as socket:
        assert socket.info().podman


def test_rootless_podman_has_a_flag_for_it(tmp_path: Path) -> None:
    with engine(tmp_path, VERSION, INFO | {"Rootless": True}) as socket:
        told = socket.info()
    assert (told.rootless, told.local) == (True, False)


@pytest.mark.parametrize("key", [*INFO, "Driver"])
def test_nothing_and_null_are_no_defect(key: str, tmp_path: Path) -> None:
    with engine(tmp_path, VERSION | {"Components": None}, INFO | {key: None}) as socket:
        socket.info()


@pytest.mark.parametrize("answer", [[], "x", 5, None, {"NCPU": "many"}, {"SecurityOptions": 5}])
def test_an_answer_that_no_engine_gives_is_an_error_of_the_engine(answer: Any, tmp_path: Path) -> None:
    with engine(tmp_path, VERSION, answer) as socket, pytest.raises(EngineError) as refused:
        socket.info()
    assert refused.value.next_step


@pytest.mark.parametrize("answer", [[], "x", 5, None, {}, {"ApiVersion": None}, {"ApiVersion": 5}])
def test_a_version_that_no_engine_gives_is_an_error_too(answer: Any, tmp_path: Path) -> None:
    from lacre.errors import GroundError  # noqa: PLC0415

    with pytest.raises(GroundError), engine(tmp_path, answer, INFO):
        pass


def test_where_users_are_remapped_the_data_directory_tells_their_first_numbers(tmp_path: Path) -> None:
    remapped = INFO | {
        "SecurityOptions": ["name=seccomp,profile=default", "name=userns"],
        "DockerRootDir": "/var/lib/docker/165536.231072",
    }
    with engine(tmp_path, VERSION, remapped) as docker:
        assert docker.info().first_ids == (165536, 231072)
    (tmp_path / "other").mkdir()
    with engine(tmp_path / "other", VERSION, INFO | {"DockerRootDir": "/srv/1.2"}) as docker:
        assert docker.info().first_ids == (0, 0)
