"""Uses what a plain exercise does not: scripts, publish/subscribe, transactions, streams, blocking calls."""

from __future__ import annotations

import sys
import threading
import time

from resp import Redis, text


def main(address: str) -> None:
    redis = Redis(address)
    sum_of = (
        "local s = 0 for i = 1, tonumber(ARGV[1]) do s = s + i end redis.call('SET', KEYS[1], s) return s"
    )
    assert redis.do("EVAL", sum_of, "1", "sum", "100000") == 5000050000, "Lua"

    listener = Redis(address)
    listener.do("SUBSCRIBE", "news")
    assert redis.do("PUBLISH", "news", "hello") == 1, "PUBLISH reached nobody"
    assert text(listener.read()) == "message\nnews\nhello", "wrong message"

    redis.do("MULTI")
    redis.do("INCR", "tx")
    redis.do("LPUSH", "tx:list", "1")
    assert isinstance(redis.do("EXEC"), list), "EXEC"

    for n in range(500):
        redis.do("XADD", "events", "*", "n", str(n))
    assert int(text(redis.do("XLEN", "events"))) >= 500, "stream"

    popped: list[object] = []
    waiting = threading.Thread(target=lambda: popped.append(Redis(address).do("BLPOP", "later", "10")))
    waiting.start()
    time.sleep(0.3)
    redis.do("RPUSH", "later", "now")
    waiting.join()
    assert text(popped[0]) == "later\nnow", "BLPOP"

    redis.do("DEL", "copy")
    dumped = redis.do("DUMP", "sum")
    assert isinstance(dumped, bytes)
    assert redis.do("RESTORE", "copy", "0", dumped) == "OK", "RESTORE"
    redis.do("DEL", "spread")
    redis.do("ZADD", "spread", *[w for n in range(2000) for w in (str(n), f"member{n}")])
    assert redis.do("ZCOUNT", "spread", "500", "999") == 500, "sorted set"
    assert redis.do("UNLINK", "spread") == 1, "UNLINK (its own thread)"
    redis.do("SELECT", "1")
    redis.do("SET", "other", "database")
    redis.do("FLUSHDB", "ASYNC")


if __name__ == "__main__":
    main(sys.argv[1])
