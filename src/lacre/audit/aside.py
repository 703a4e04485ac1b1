"""One piece of work in a process of its own: Python uses one processor, and a machine that is audited has several."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from typing import TypeVar

_T = TypeVar("_T")


def aside(work: Callable[[], _T]) -> Callable[[], _T]:
    """Begins `work` in a copy of this process, which may have a single thread; what it gives waits for the result.

    The result is what can be pickled. Where the copy brings none (it was killed, `work` raised), `work` is done here.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as answer:
                answer.write(pickle.dumps(work(), pickle.HIGHEST_PROTOCOL))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)

    def result() -> _T:
        with os.fdopen(reading, "rb") as answer:
            data = answer.read()
        _, status = os.waitpid(child, 0)
        if status != 0:
            return work()
        done: _T = pickle.loads(data)  # noqa: S301 - from this program itself
        return done

    return result
