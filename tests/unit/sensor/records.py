"""A record in which nothing is said, to say something in."""

from __future__ import annotations

from lacre.sensor.wire import Kind, Record

BLANK = Record(
    kind=Kind.PROGRAM,
    flags=0,
    epoch=0,
    uid=0,
    gid=0,
    nr=0,
    error=0,
    port=0,
    detail=0,
    exe=0,
    value=0,
    address=bytes(16),
    first=b"",
    second=b"",
    third=b"",
)
