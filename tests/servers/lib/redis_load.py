"""Fills a Redis server, saves in the background and rewrites the append-only file."""

from __future__ import annotations

import sys
import threading
import time

from resp import Redis, RedisError, text


def fill(address: str, number: int, errors: list[str]) -> None:
    try:
        connection = Redis(address)
        value = b"x" * 3000
        for start in range(0, 5000, 250):
            for key in range(start, start + 250):
                connection.send("SET", f"load:{number}:{key}", value)
            answers = [connection.read() for _ in range(250)]
            if set(answers) != {"OK"}:
                errors.append("SET was not answered with OK")
    except (OSError, RedisError) as error:
        errors.append(f"client {number}: {error}")


def wait_for(connection: Redis, field: str, deadline: float) -> None:
    while f"{field}:0" not in text(connection.do("INFO", "persistence")):
        if time.monotonic() > deadline:
            sys.exit(f"{field} still runs at the deadline")
        time.sleep(0.1)


def main(address: str) -> None:
    errors: list[str] = []
    clients = [threading.Thread(target=fill, args=(address, n, errors)) for n in range(4)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    connection, deadline = Redis(address), time.monotonic() + 60
    connection.do("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
    connection.do("BGSAVE", "SCHEDULE")
    wait_for(connection, "rdb_bgsave_in_progress", deadline)
    connection.do("BGREWRITEAOF")
    wait_for(connection, "aof_rewrite_scheduled", deadline)
    wait_for(connection, "aof_rewrite_in_progress", deadline)
    state = text(connection.do("INFO", "persistence"))
    errors += [
        f"not seen: {good}"
        for good in ("rdb_last_bgsave_status:ok", "aof_last_bgrewrite_status:ok", "aof_last_write_status:ok")
        if good not in state
    ]
    if connection.do("SET", "after", "save") != "OK":
        errors.append("no write after the save")
    if errors:
        sys.exit("\n".join(errors[:5]))


if __name__ == "__main__":
    main(sys.argv[1])
