"""Kinds of sockets in `lacre.yaml`."""

from __future__ import annotations

import pytest

from lacre.errors import UsageError
from lacre.seal.file import dump, load
from lacre.seal.model import Seal
from tests.unit.render.seals import FULL, of_project

SAMPLE = of_project(web=FULL)


def sealed(sockets: frozenset[str] | None) -> Seal:
    (name, service), *_ = SAMPLE.services.items()
    of_calls = service.syscalls.model_copy(update={"sockets": sockets})
    return SAMPLE.model_copy(update={"services": {name: service.model_copy(update={"syscalls": of_calls})}})


@pytest.mark.parametrize(
    "sockets",
    [None, frozenset(), frozenset({"AF_UNIX"}), frozenset({"AF_INET6/tcp", "AF_INET/2:200", "AF_46"})],
)
def test_kinds_of_sockets_are_written_sorted_and_read_back(sockets: frozenset[str] | None) -> None:
    text = dump(sealed(sockets))
    assert ("sockets" in text) == (sockets is not None)
    assert load(text, "lacre.yaml") == sealed(sockets)
    assert dump(load(text, "lacre.yaml")) == text


def test_they_stand_in_one_line() -> None:
    assert "sockets: [AF_INET/tcp, AF_UNIX]" in dump(sealed(frozenset({"AF_UNIX", "AF_INET/tcp"})))


@pytest.mark.parametrize("kind", ["AF_FOO", "AF_INET/foo", "unix"])
def test_what_is_no_kind_is_told_with_its_line(kind: str) -> None:
    text = dump(sealed(frozenset({"AF_UNIX"}))).replace("AF_UNIX", kind)
    line = text[: text.index(kind)].count("\n") + 1
    with pytest.raises(UsageError) as caught:
        load(text, "lacre.yaml")
    assert f"line {line}:" in str(caught.value)
    assert "syscalls.sockets" in str(caught.value)
