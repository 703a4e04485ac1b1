"""Questions to an engine over its socket, against something that listens there."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacre.engine.connection import DEFAULT
from lacre.engine.reader import AbsentError, Reader, at_socket, reader, socket_address
from lacre.errors import EngineError, GroundError


@contextlib.contextmanager
def engine(place: Path, *answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Something that gives these answers, one a connection; gives its path and what it was asked."""
    path, asked = str(place / "s"), []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen()

        def serve() -> None:
            for answer in answers:
                one, _ = listening.accept()
                with one:
                    asked.append(one.recv(1 << 16))
                    one.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield path, asked
        thread.join(10)


def get(path: str, *parts: str, **parameters: str) -> object:
    return Reader(f"unix://{path}", at_socket(path), {}).ask("asking", *parts, **parameters)()


def test_an_answer_ends_with_its_connection(tmp_path: Path) -> None:
    whole = {"Id": "x" * 200_000}
    with engine(tmp_path, b"HTTP/1.0 200 OK\r\nA: b\r\n\r\n" + json.dumps(whole).encode()) as (path, asked):
        assert get(path, "containers", "a b/../c\r\nX: y", "json", all="1") == whole
    # Nothing of a name becomes a line of its own.
    assert asked[0].split(b"\r\n")[0] == b"GET /containers/a%20b/../c%0D%0AX:%20y/json?all=1 HTTP/1.0"


def test_what_is_absent_is_told_from_what_is_refused(tmp_path: Path) -> None:
    refusals = (b'404 Not Found\r\n\r\n{"message": "No such container: x"}', b"500 Oh\r\n\r\nno json")
    with engine(tmp_path, *(b"HTTP/1.1 " + one for one in refusals)) as (path, _):
        with pytest.raises(AbsentError, match="No such container: x"):
            get(path, "containers", "x", "json")
        with pytest.raises(EngineError, match="it answered 500") as refused:
            get(path, "info")
    assert not isinstance(refused.value, AbsentError)


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.0 200 OK\r\n", b'HTTP/1.0 200 OK\r\n\r\n{"Id": "half']
)
def test_half_an_answer_is_none(tmp_path: Path, answer: bytes) -> None:
    with engine(tmp_path, answer) as (path, _), pytest.raises(EngineError, match="did not answer"):
        get(path, "info")


def test_where_nobody_listens_the_ground_is_wrong(tmp_path: Path) -> None:
    with (
        pytest.raises(GroundError, match=r"there is no .*/none"),
        reader({"DOCKER_HOST": f"unix://{tmp_path}/none"}),
    ):
        pass


@pytest.mark.parametrize(
    ("environment", "settings", "there"),
    [
        ({}, "", DEFAULT),
        ({}, "no json", DEFAULT),
        ({}, '{"currentContext": "default"}', DEFAULT),
        ({"DOCKER_HOST": "unix:///run/user/1000/docker.sock"}, "", "unix:///run/user/1000/docker.sock"),
        ({"DOCKER_HOST": "unix:///a.sock"}, '{"currentContext": "far"}', "unix:///a.sock"),
        ({"DOCKER_CONTEXT": "default"}, '{"currentContext": "far"}', DEFAULT),
        # The SDK knows the way to all of these.
        ({}, '{"currentContext": "far"}', None),
        ({"DOCKER_CONTEXT": "far"}, "", None),
        ({"DOCKER_HOST": "tcp://127.0.0.1:2375"}, "", None),
        ({"DOCKER_HOST": "ssh://root@far"}, "", None),
        ({"DOCKER_HOST": "unix:///a.sock"}, '{"HttpHeaders": {"X": "y"}}', None),
    ],
)
def test_only_a_bare_socket_is_asked_without_the_sdk(
    tmp_path: Path, environment: dict[str, str], settings: str, there: str | None
) -> None:
    (tmp_path / "config.json").write_text(settings)
    assert socket_address({**environment, "DOCKER_CONFIG": str(tmp_path)}) == there
