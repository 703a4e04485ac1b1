"""The native sensor's records, as bytes and as values: the other side of src/lacre/native/wire.h."""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, IntFlag

VERSION = 2
LONGEST = 1 << 20
"""No record is longer than this (bytes): three texts of at most 8 KiB each."""


class Kind(IntEnum):
    """What a record says: `enum kind`."""

    PROGRAM = 1
    EXECUTED = 2
    IDENTITY = 3
    WRITE = 4
    OPENED = 5
    MAPPED = 6
    CAPABILITY = 7
    LISTENING = 8
    PEER = 9
    REFUSAL = 10
    SOCKET = 13
    SYSCALLS = 32
    COUNTERS = 33
    LOST = 34
    DONE = 35
    FAILED = 36
    READY = 37


class Flag(IntFlag):
    """The FLAG_* of the header that mean something to Python."""

    DIRECTORY = 1 << 0
    SETID = 1 << 1
    MAIN = 1 << 2
    QUESTION = 1 << 3
    GRANTED = 1 << 4
    HINT_KNOWN = 1 << 5
    HINT = 1 << 6
    COMPAT = 1 << 7
    IPV6 = 1 << 8
    IN = 1 << 9
    WRITING = 1 << 13


class WireError(ValueError):
    """The bytes are not the sensor's records."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """`struct record` with its three texts. What each number means depends on `kind`; see wire.h."""

    kind: Kind
    flags: int
    epoch: int
    uid: int
    gid: int
    nr: int
    error: int
    port: int
    detail: int
    exe: int
    value: int
    address: bytes
    first: bytes
    second: bytes
    third: bytes


_HEADER = struct.Struct("=IHHIIIiIHHQQ16sIIII")


def encode(record: Record) -> bytes:
    """The bytes that the C side writes for this record (for tests)."""
    texts = record.first + record.second + record.third
    return (
        _HEADER.pack(
            _HEADER.size + len(texts),
            record.kind,
            record.flags,
            record.epoch,
            record.uid,
            record.gid,
            record.nr,
            record.error,
            record.port,
            record.detail,
            record.exe,
            record.value,
            record.address,
            len(record.first),
            len(record.second),
            len(record.third),
            0,
        )
        + texts
    )


class Decoder:
    """Turns a stream of bytes, cut anywhere, into records."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[Record]:
        """Yields the records that `data` completes; raises WireError if these are not records."""
        rest = self._rest
        rest += data
        start = 0
        try:
            while len(rest) - start >= _HEADER.size:
                size = int.from_bytes(rest[start : start + 4], sys.byteorder)
                if not _HEADER.size <= size <= LONGEST:
                    raise WireError(f"a record of {size} bytes")
                if len(rest) - start < size:
                    break
                record = _decode(bytes(rest[start : start + size]))
                start += size
                yield record
        finally:
            del rest[:start]


def _decode(data: bytes) -> Record:
    (
        _size,
        kind,
        flags,
        epoch,
        uid,
        gid,
        nr,
        error,
        port,
        detail,
        exe,
        value,
        address,
        first,
        second,
        third,
        _reserved,
    ) = _HEADER.unpack_from(data)
    if _HEADER.size + first + second + third != len(data):
        raise WireError(f"texts of {first}, {second} and {third} bytes in a record of {len(data)}")
    texts = data[_HEADER.size :]
    try:
        known = Kind(kind)
    except ValueError:
        raise WireError(f"a record of the unknown kind {kind}") from None
    return Record(
        kind=known,
        flags=flags,
        epoch=epoch,
        uid=uid,
        gid=gid,
        nr=nr,
        error=error,
        port=port,
        detail=detail,
        exe=exe,
        value=value,
        address=address,
        first=texts[:first],
        second=texts[first : first + second],
        third=texts[first + second :],
    )
