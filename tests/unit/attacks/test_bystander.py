"""Whether others still answer while an attack is on."""

from __future__ import annotations

import socket
import threading

from lacre.attacks.bystander import watching
from lacre.errors import EngineError


def test_an_attack_that_is_over_at_once_leaves_one_question_asked_of_each() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: server.accept()[0].sendall(b"."), daemon=True).start()
        with watching(lambda: None, "127.0.0.1", server.getsockname()[1]) as answering:
            pass
    found = answering()
    assert found.neighbour is not None
    assert found.lost == 0


def test_who_does_not_answer_is_counted() -> None:
    def gone() -> None:
        raise EngineError("asking", "it is gone", "start it")

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with watching(gone, "127.0.0.1", port) as answering:  # nobody listens there any more
        pass
    assert answering().lost >= 2


def test_without_a_neighbour_only_the_host_is_asked() -> None:
    with watching(lambda: None, "", 0) as answering:
        pass
    assert answering().neighbour is None
