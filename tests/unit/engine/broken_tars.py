"""Archives that tarfile stumbles over: headers that only somebody hostile writes."""

from __future__ import annotations

import io
import tarfile


def pax(headers: dict[str, str], body: bytes = b"abc\n") -> bytes:
    """One file with these PAX headers."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as made:
        member = tarfile.TarInfo("x")
        member.size = len(body)
        member.pax_headers = headers
        made.addfile(member, io.BytesIO(body))
    return out.getvalue()


BROKEN = {
    "sparse map in the file": pax({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}),
    "sparse map in the header": pax({"GNU.sparse.map": "a,b"}),
    "headers of headers": pax({"a": "b"})[:1024] * 3000,
}
