"""A small Redis client: `resp.py HOST:PORT COMMAND ARGUMENT...` prints the answer."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence


class RedisError(Exception):
    """The server answered with an error."""


class Redis:
    """One connection; `do` sends one command and returns its answer."""

    def __init__(self, address: str, timeout: float = 30) -> None:
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=timeout)
        self.answers = self.socket.makefile("rb")

    def send(self, *words: str | bytes) -> None:
        parts = [w if isinstance(w, bytes) else w.encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts))

    def read(self) -> object:
        line = self.answers.readline()
        if not line.endswith(b"\r\n"):
            raise RedisError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        match kind:
            case b"+":
                return rest.decode()
            case b"-":
                raise RedisError(rest.decode())
            case b":":
                return int(rest)
            case b"$":
                if rest == b"-1":
                    return None
                return self.answers.read(int(rest) + 2)[:-2]
            case b"*":
                return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        raise RedisError(f"not a RESP answer: {line!r}")

    def do(self, *words: str | bytes) -> object:
        self.send(*words)
        return self.read()


def text(answer: object) -> str:
    if isinstance(answer, bytes):
        return answer.decode(errors="replace")
    if isinstance(answer, list):
        return "\n".join(text(a) for a in answer)
    return "" if answer is None else str(answer)


def main(arguments: Sequence[str]) -> int:
    try:
        print(text(Redis(arguments[0]).do(*arguments[1:])))
    except (OSError, RedisError) as error:
        print(f"redis at {arguments[0]}: {' '.join(arguments[1:2])}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
