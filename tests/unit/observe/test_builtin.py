from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lacre.observe import Response, builtin

HOST = "127.0.0.1"


class _Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(405)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def http_server() -> Iterator[int]:
    with ThreadingHTTPServer((HOST, 0), _Server) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()


@contextmanager
def talker(text: bytes, times: int) -> Iterator[int]:
    """Accepts, says something so many times, and closes; with nothing to say it just waits."""
    with socket.create_server((HOST, 0)) as server:

        def serve() -> None:
            try:
                while True:
                    connection, _ = server.accept()
                    with connection:
                        for _ in range(times):
                            connection.sendall(text)
                        if not text:
                            connection.recv(65536)
                            connection.recv(65536)
            except OSError:
                pass

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]


def answers(responses: frozenset[Response]) -> dict[str, str]:
    return {response.question: response.answer for response in responses}


def test_an_http_server_is_asked_everything() -> None:
    with http_server() as port:
        found = answers(builtin.ask(HOST, port))
    assert found == {
        "connect": "accepted",
        "GET": "HTTP 200",
        "HEAD": "HTTP 200",
        "large POST": "HTTP 405",
        "bad request": "answered",
        "keep-alive": "HTTP 200 200 200",
    }


def test_who_speaks_something_else_is_asked_once() -> None:
    with talker(b"+OK hello\r\n", 1) as port:
        found = builtin.ask(HOST, port)
    assert answers(found)["GET"] == "closed"
    assert not builtin.speaks_http(found, f"tcp/{port}")


def test_who_waits_for_more_gives_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builtin, "FIRST_TIMEOUT", 0.2)
    with talker(b"", 0) as port:
        assert answers(builtin.ask(HOST, port)) == {"connect": "accepted", "GET": "no answer"}


def test_a_closed_port_is_refused() -> None:
    with socket.create_server((HOST, 0)) as server:
        port = server.getsockname()[1]
    assert answers(builtin.ask(HOST, port)) == {"connect": "refused"}


def test_a_port_that_was_never_asked_may_speak_http() -> None:
    assert builtin.speaks_http([], "tcp/80")
    assert builtin.speaks_http([Response("tcp/80", "first work: GET", "HTTP 404")], "tcp/80")
    assert not builtin.speaks_http([Response("tcp/80", "first work: GET", "closed")], "tcp/80")
