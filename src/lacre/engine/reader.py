"""What the engine is asked and never told: GET requests whose answers are JSON. May be used by several threads.

Most engines are behind a socket of this host, and for them the standard library is enough: each question is a
connection of its own, in HTTP/1.0, so that the answer ends where the connection does. An engine behind TCP, TLS or SSH,
or one that a Docker context names, is asked through the Docker SDK, whose import takes as long as a hundred questions
(docs/decisions/0061-the-audit-asks-the-engine-itself.md).
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from lacre.engine.connection import ANSWER_SECONDS, DEFAULT, no_engine, told
from lacre.errors import EngineError

if TYPE_CHECKING:
    from lacre.engine.docker import Engine

_AT_ONCE = 8  # questions through the SDK, each in a thread
_PIECE_BYTES = 1 << 16
_MOST_BYTES = 256 << 20  # of one answer; a list of ten thousand containers has 20 MB
_OK, _NOT_FOUND = 200, 404
_TRIED = "asking the Docker engine"

Ask = Callable[[str], Callable[[], tuple[int, bytes]]]
"""Sends a request for a target (`/info`); what it gives waits for the answer: status and body. Both may raise OSError
and EngineError."""

Later = Callable[[], Any]
"""Waits for an answer."""


class AbsentError(EngineError):
    """The engine does not have (any more) what it was asked about."""


class Reader:
    """One engine, as far as it is only asked. `address` is written as in DOCKER_HOST."""

    def __init__(self, address: str, ask: Ask, environment: Mapping[str, str]) -> None:
        self.address = address
        self._ask = ask
        self._environment = environment

    def ask(self, tried: str, *path: str, **parameters: str) -> Later:
        """Asks what is at a path, given in parts, and does not wait: the engine works on many questions at a time.

        What it gives, and it, raise EngineError about what was `tried`.
        """
        target = "".join("/" + quote(part, safe="/:@") for part in path)
        if parameters:
            target += f"?{urlencode(parameters)}"
        with _silent(tried):
            wait = self._ask(target)

        def later() -> Any:
            with _silent(tried):
                status, body = wait()
                if status == _OK:
                    return json.loads(body)
            kind = AbsentError if status == _NOT_FOUND else EngineError
            raise kind(tried, _refusal(status, body), "see the engine's own log for more")

        return later

    def engine(self) -> Engine:
        """The same engine, for what takes more than questions; costs the SDK."""
        from lacre.engine.docker import Engine  # noqa: PLC0415 - where it is used

        return Engine(self._environment)


@contextlib.contextmanager
def reader(environment: Mapping[str, str] | None = None) -> Iterator[Reader]:
    """Of the engine that the `docker` command would choose; GroundError when none answers."""
    around = dict(os.environ if environment is None else environment)
    address = socket_address(around)
    if address is None:
        from lacre.engine.docker import Engine  # noqa: PLC0415 - where it is used

        with Engine(around) as engine, ThreadPoolExecutor(_AT_ONCE) as pool:
            yield Reader(engine.address, _through(engine, pool), around)
        return
    ask = at_socket(address.removeprefix("unix://"))
    try:
        ask("/_ping")()
    except (OSError, ValueError) as problem:
        raise no_engine("connecting to the Docker engine", address, problem) from problem
    yield Reader(address, ask, around)


def socket_address(environment: Mapping[str, str]) -> str | None:
    """`unix:///…` where a socket of this host is all that leads to the engine; None: more does, and the SDK knows."""
    settings = _settings(environment)
    if settings.get("HttpHeaders"):
        return None
    host = environment.get("DOCKER_HOST", "")
    if host:
        return host if host.startswith("unix:///") else None
    context = environment.get("DOCKER_CONTEXT") or settings.get("currentContext") or "default"
    return DEFAULT if context == "default" else None


def _settings(environment: Mapping[str, str]) -> Mapping[str, Any]:
    """The `docker` command's own settings; what cannot be read says nothing."""
    directory = environment.get("DOCKER_CONFIG") or f"{environment.get('HOME') or '/root'}/.docker"
    try:
        found = json.loads(Path(directory, "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def at_socket(path: str) -> Ask:
    """Asks whoever listens on a Unix socket; a question is a connection, so that none waits for another."""

    def ask(target: str) -> Callable[[], tuple[int, bytes]]:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(ANSWER_SECONDS)
            connection.connect(path)
            connection.sendall(f"GET {target} HTTP/1.0\r\nHost: docker\r\n\r\n".encode("ascii"))
        except BaseException:
            connection.close()
            raise
        return functools.partial(_answer, connection)

    return ask


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    """Status and body of an answer that ends with the connection (RFC 1945, 7.2.2); ValueError where it is none."""
    whole = bytearray()
    with connection:
        while piece := connection.recv(_PIECE_BYTES):
            whole += piece
            if len(whole) > _MOST_BYTES:
                raise ValueError(f"more than {_MOST_BYTES >> 20} MiB in one answer")
    head, blank, body = bytes(whole).partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split()
    if not blank or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ValueError("what listens there does not speak HTTP")
    return int(words[1]), body


def _through(engine: Engine, pool: ThreadPoolExecutor) -> Ask:
    def fetched(target: str) -> tuple[int, bytes]:
        client = engine.api
        with told(_TRIED):
            answer = client.get(f"{client.base_url}{target}", timeout=ANSWER_SECONDS, allow_redirects=False)
            return int(answer.status_code), bytes(answer.content)

    return lambda target: pool.submit(fetched, target).result


@contextlib.contextmanager
def _silent(tried: str) -> Iterator[None]:
    """That nobody answers, or not as an engine would, is an EngineError about what was tried."""
    try:
        yield
    except (OSError, ValueError) as problem:
        raise EngineError(
            tried,
            f"the engine did not answer: {_words(problem)}",
            "check that it runs (docker info), then try again",
        ) from problem


def _refusal(status: int, body: bytes) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        said = None
    return _words(said.get("message") or "" if isinstance(said, dict) else "") or f"it answered {status}"


def _words(problem: object) -> str:
    return " ".join(str(problem).split())[:500]
