"""The small built-in exerciser: a few harmless questions to each TCP port of a twin.

It does not judge: an answer is a short word that is compared with what the baseline answered to the same
question, so that a server which speaks no HTTP is as good as any other as long as it goes on as before.
"""

from __future__ import annotations

import http.client
import socket
import time

from lacre.observe.model import Response

ANSWER_TIMEOUT = 10.0  # seconds for one question
LARGE_BODY = 2 * 1024 * 1024  # beyond the body buffers of common HTTP servers, so that they spool to disk


def ask(address: str, port: int) -> frozenset[Response]:
    """Put all questions to one TCP port."""
    name = f"tcp/{port}"
    if not accepts(address, port):
        return frozenset({Response(name, "connect", "refused")})
    answers = {"connect": "accepted", "GET": _http(address, port, "GET", b"")}
    if answers["GET"].startswith("HTTP"):
        answers["HEAD"] = _http(address, port, "HEAD", b"")
        answers["large POST"] = _http(address, port, "POST", b"x" * LARGE_BODY)
        answers["bad request"] = _raw(address, port, b"\x16\x03\x01 nonsense\r\n\r\n")
        answers["keep-alive"] = _keep_alive(address, port)
    return frozenset(Response(name, question, answer) for question, answer in answers.items())


def accepts(address: str, port: int, timeout: float = 1.0) -> bool:
    """Whether a TCP connection can be made."""
    try:
        socket.create_connection((address, port), timeout=timeout).close()
    except OSError:
        return False
    return True


def _http(address: str, port: int, method: str, body: bytes) -> str:
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_TIMEOUT)
    try:
        return f"HTTP {_status(connection, method, body)}"
    except TimeoutError:
        return "no answer"
    except (OSError, http.client.HTTPException):
        # a server may close before it read the whole body (413); the status is gone then
        return "closed"
    finally:
        connection.close()


def _status(connection: http.client.HTTPConnection, method: str, body: bytes = b"") -> int:
    """The status of one answer. Its body is read for a while only: some never end (event streams)."""
    deadline = time.monotonic() + ANSWER_TIMEOUT
    connection.request(method, "/", body=body or None, headers={"User-Agent": "lacre"})
    response = connection.getresponse()
    read = 0
    while read < LARGE_BODY and time.monotonic() < deadline and (chunk := response.read1(65536)):
        read += len(chunk)
    return response.status


def _raw(address: str, port: int, text: bytes) -> str:
    try:
        with socket.create_connection((address, port), timeout=ANSWER_TIMEOUT) as connection:
            connection.sendall(text)
            return "answered" if connection.recv(64) else "closed"
    except TimeoutError:
        return "no answer"
    except OSError:
        return "closed"


def _keep_alive(address: str, port: int) -> str:
    connection = http.client.HTTPConnection(address, port, timeout=ANSWER_TIMEOUT)
    statuses: list[str] = []
    try:
        statuses += [str(_status(connection, "GET")) for _ in range(3)]
    except (OSError, http.client.HTTPException):
        statuses.append("closed")
    finally:
        connection.close()
    return "HTTP " + " ".join(statuses)
