"""A small memcached client: `memcached.py HOST:PORT COMMAND ARGUMENT...`.

set KEY VALUE, get KEY, incr KEY N, delete KEY, version; `fill MEGABYTES` and `crowd CONNECTIONS` are loads.
"""

from __future__ import annotations

import socket
import sys
import threading


class Memcached:
    """One connection with the text protocol."""

    def __init__(self, address: str) -> None:
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=30)
        self.answers = self.socket.makefile("rb")

    def line(self, text: str) -> str:
        self.socket.sendall(text.encode() + b"\r\n")
        return self.answers.readline().decode().strip()

    def set(self, key: str, value: bytes) -> None:
        self.socket.sendall(b"set %s 0 0 %d\r\n%s\r\n" % (key.encode(), len(value), value))
        if (answer := self.answers.readline()) != b"STORED\r\n":
            sys.exit(f"set {key}: {answer!r}")

    def get(self, key: str) -> bytes | None:
        header = self.line(f"get {key}")
        if header == "END":
            return None
        value = self.answers.read(int(header.split()[3]) + 2)[:-2]
        self.answers.readline()
        return value

    def stats(self) -> dict[str, str]:
        self.socket.sendall(b"stats\r\n")
        found = {}
        while (line := self.answers.readline().decode().strip()) != "END":
            _, name, value = line.split(" ", 2)
            found[name] = value
        return found


def fill(address: str, megabytes: int) -> None:
    """Store more than fits, then look that the newest are there and old ones were evicted."""

    def part(number: int) -> None:
        connection = Memcached(address)
        for n in range(megabytes * 1024 // 4 // 32):
            connection.set(f"fill:{number}:{n}", b"v" * 32_000)

    clients = [threading.Thread(target=part, args=(n,)) for n in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    connection = Memcached(address)
    last = megabytes * 1024 // 4 // 32 - 1
    if connection.get(f"fill:0:{last}") != b"v" * 32_000:
        sys.exit("the newest value is not there")
    stats = connection.stats()
    if int(stats["evictions"]) == 0 or int(stats["bytes"]) < 40_000_000:
        sys.exit(f"not filled: {stats['bytes']} bytes, {stats['evictions']} evictions")


def crowd(address: str, number: int) -> None:
    """Many connections, each of which sets and reads its own value."""
    connections = [Memcached(address) for _ in range(number)]
    for n, connection in enumerate(connections):
        connection.set(f"crowd:{n}", str(n).encode())
    for n, connection in enumerate(connections):
        if connection.get(f"crowd:{n}") != str(n).encode():
            sys.exit(f"connection {n} read something else")
    large = b"L" * 1_000_000
    connections[0].set("large", large)
    if connections[-1].get("large") != large:
        sys.exit("a value of 1 MB did not come back")
    if int(connections[0].stats()["curr_connections"]) < number:
        sys.exit("not all connections are counted")
    if connections[0].line("flush_all") != "OK":
        sys.exit("flush_all")


def main(address: str, command: str, *arguments: str) -> None:
    match command:
        case "fill":
            fill(address, int(arguments[0]))
        case "crowd":
            crowd(address, int(arguments[0]))
        case "set":
            Memcached(address).set(arguments[0], arguments[1].encode())
        case "get":
            value = Memcached(address).get(arguments[0])
            if value is None:
                sys.exit(f"{arguments[0]} is not there")
            print(value.decode())
        case _:
            answer = Memcached(address).line(" ".join((command, *arguments)))
            if answer.startswith(("ERROR", "CLIENT_ERROR", "SERVER_ERROR", "NOT_FOUND")):
                sys.exit(f"{command}: {answer}")
            print(answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
