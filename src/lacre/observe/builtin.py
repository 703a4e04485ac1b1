"""The small built-in exerciser: a few harmless questions to each TCP port of a twin.

It does not judge: an answer is a short word that is compared with what the baseline answered to the same
question, so that a server which speaks no HTTP is as good as any other as long as it goes on as before.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from http.client import HTTPConnection, HTTPException

from lacre.observe.model import Response

ANSWER_TIMEOUT = 10.0  # seconds for one question
FIRST_TIMEOUT = 3.0  # seconds for the first: many servers that speak no HTTP wait for more bytes
LARGE_BODY = 2 * 1024 * 1024  # beyond the body buffers of common HTTP servers, so that they spool to disk


def ask(address: str, port: int, *, http: bool = True) -> frozenset[Response]:
    """Put all questions to one TCP port; not `http`: it is known to speak something else."""
    name = f"tcp/{port}"
    if not accepts(address, port):
        return frozenset({Response(name, "connect", "refused")})
    answers = {"connect": "accepted"}
    if not http:
        return frozenset({Response(name, "connect", "accepted")})
    answers["GET"] = _http(address, port, "GET", b"", FIRST_TIMEOUT)
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


def speaks_http(responses: Iterable[Response], port: str) -> bool:
    """Whether a port is known to answer HTTP, or was never asked."""
    answers = [r.answer for r in responses if r.port == port and r.question.endswith("GET")]
    return not answers or any(answer.startswith("HTTP") for answer in answers)


def _http(address: str, port: int, method: str, body: bytes, timeout: float = ANSWER_TIMEOUT) -> str:
    connection = HTTPConnection(address, port, timeout=timeout)
    try:
        return f"HTTP {_status(connection, method, body)}"
    except TimeoutError:
        return "no answer"
    except (OSError, HTTPException):
        # a server may close before it read the whole body (413); the status is gone then
        return "closed"
    finally:
        connection.close()


def _status(connection: HTTPConnection, method: str, body: bytes = b"") -> int:
    """The status of one answer. Its body is read for a while only: some never end (event streams)."""
    deadline = time.monotonic() + ANSWER_TIMEOUT
    connection.request(method, "/", body=body or None, headers={"User-Agent": "lacre"})
    response = connection.getresponse()
    read = 0
    while read < LARGE_BODY and time.monotonic() < deadline and (chunk := response.read1(65536)):
        read += len(chunk)
    response.close()  # read1 alone does not tell the connection that this answer is over
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
    connection = HTTPConnection(address, port, timeout=ANSWER_TIMEOUT)
    statuses: list[str] = []
    try:
        statuses.extend(str(_status(connection, "GET")) for _ in range(3))
    except (OSError, HTTPException):
        statuses.append("closed")
    finally:
        connection.close()
    return "HTTP " + " ".join(statuses)
