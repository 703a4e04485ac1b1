"""How the host and a neighbour container answer while an attack is on: asked again and again from the host."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from lacre.attacks.model import Answering
from lacre.errors import EngineError

_EVERY = 0.05  # seconds between two questions
_TOO_LONG = 5.0  # seconds after which a question counts as unanswered


@dataclass
class _Waits:
    host: list[float] = field(default_factory=list)
    neighbour: list[float] = field(default_factory=list)
    lost: int = 0

    def answering(self) -> Answering:
        neighbour = max(self.neighbour) if self.neighbour else None
        return Answering(host=max(self.host, default=0.0), neighbour=neighbour, lost=self.lost)


@contextmanager
def watching(ask_host: Callable[[], object], address: str, port: int) -> Iterator[Callable[[], Answering]]:
    """Asks both until the block ends, once at least; what is given tells, after that, how long they took at most.

    `ask_host` asks the engine something small; `address` empty: there is no neighbour.
    """
    waits, done = _Waits(), threading.Event()

    def ask() -> None:
        while True:
            _ask(waits, ask_host, address, port)
            if done.wait(_EVERY):
                return

    asker = threading.Thread(target=ask, name="lacre-bystander", daemon=True)
    asker.start()
    try:
        yield waits.answering
    finally:
        done.set()
        asker.join(2 * _TOO_LONG)


def _ask(waits: _Waits, ask_host: Callable[[], object], address: str, port: int) -> None:
    """One question to each."""
    began = time.monotonic()
    try:
        ask_host()
    except (OSError, EngineError):
        waits.lost += 1
    waits.host.append(time.monotonic() - began)
    if not address:
        return
    began = time.monotonic()
    try:
        with socket.create_connection((address, port), timeout=_TOO_LONG) as connection:
            connection.recv(1)
    except OSError:
        waits.lost += 1
    waits.neighbour.append(time.monotonic() - began)
