"""The decoder against bytes that the C side wrote, and against bytes that nobody wrote."""

from __future__ import annotations

import contextlib
import itertools
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.errors import GroundError
from lacre.sensor.process import binary
from lacre.sensor.wire import Decoder, Flag, Kind, Record, WireError, encode

_u16, _u32, _u64 = st.integers(0, 2**16 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
records = st.builds(
    Record,
    kind=st.sampled_from(Kind),
    flags=_u16,
    epoch=_u32,
    uid=_u32,
    gid=_u32,
    nr=st.integers(-(2**31), 2**31 - 1),
    error=_u32,
    port=_u16,
    detail=_u16,
    exe=_u64,
    value=_u64,
    address=st.binary(min_size=16, max_size=16),
    first=st.binary(max_size=300),
    second=st.binary(max_size=20),
    third=st.binary(max_size=20),
)


def test_what_the_c_side_writes_is_read_back() -> None:
    try:
        program = binary()
    except GroundError:
        pytest.skip("the native sensor is not built")
    written = subprocess.run([program, "--selftest-wire"], check=True, capture_output=True).stdout
    read = list(Decoder().feed(written))
    assert [r.kind for r in read] == list(Kind)
    assert b"".join(encode(r) for r in read) == written
    assert read[0] == Record(
        kind=Kind.PROGRAM,
        flags=1 << 10,
        epoch=17,
        uid=33,
        gid=34,
        nr=-2,
        error=30,
        port=8080,
        detail=2,
        exe=0x1122334455667788,
        value=0xFEDCBA9876543210,
        address=bytes(range(16)),
        first=b"/a\xff\nb",
        second=b"tmpfs",
        third=b"third",
    )
    assert Flag.WRITING == 1 << 13


@given(st.lists(records, max_size=5), st.lists(st.integers(0, 2000)))
def test_a_stream_can_be_cut_anywhere(written: list[Record], cuts: list[int]) -> None:
    data, decoder, read = b"".join(map(encode, written)), Decoder(), list[Record]()
    edges = sorted({0, len(data), *(c for c in cuts if c < len(data))})
    for start, end in itertools.pairwise(edges):
        read += decoder.feed(data[start:end])
    assert read == written


@given(st.binary(max_size=400))
def test_other_bytes_are_an_error_or_nothing(data: bytes) -> None:
    with contextlib.suppress(WireError):
        list(Decoder().feed(data))


@given(records, st.integers(0, 3), st.integers(1, 2**24))
def test_a_wrong_length_is_an_error(record: Record, which: int, more: int) -> None:
    data = bytearray(encode(record))
    at = (0, 64, 68, 72)[which]
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "little") + more + (1 << 20)).to_bytes(4, "little")
    with pytest.raises(WireError):
        list(Decoder().feed(bytes(data)))
