"""What an executed program said, read from the response of the engine."""

from __future__ import annotations

import io
from types import SimpleNamespace

from lacre.engine.docker import _said


def stream(data: bytes) -> SimpleNamespace:
    """As the SDK hands it out: a socket that knows its response; all of it came together with the headers."""
    fp = io.BufferedReader(io.BytesIO(data))
    fp.peek(1)  # now it lies in the buffer, where nobody who reads the socket finds it
    response = SimpleNamespace(raw=SimpleNamespace(_fp=SimpleNamespace(fp=fp)), close=lambda: None)
    return SimpleNamespace(_response=response)


def frame(text: bytes, output: int = 1) -> bytes:
    return bytes([output, 0, 0, 0]) + len(text).to_bytes(4, "big") + text


def test_what_came_together_with_the_headers_is_not_lost() -> None:
    assert _said(stream(frame(b"worked\t0\t") + frame(b"mount(2)\n")), 4096) == b"worked\t0\tmount(2)\n"


def test_both_outputs_come_as_they_were_written_and_only_the_first_bytes_are_kept() -> None:
    assert _said(stream(frame(b"usage", 2) + frame(b"worked")), 7) == b"usagewo"


def test_a_stream_that_ends_in_the_middle_gives_what_there_was() -> None:
    assert _said(stream(frame(b"worked")[:-2]), 4096) == b"work"
    assert _said(stream(b"\1\0\0"), 4096) == b""
