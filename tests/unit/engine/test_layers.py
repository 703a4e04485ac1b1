"""The layers of an image, as `docker save` streams them."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Iterator

import pytest

from lacre.engine.layers import files_in_layers
from lacre.errors import EngineError
from tests.unit.engine.broken_tars import BROKEN


def tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as made:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return out.getvalue()


def chunks(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1000] for at in range(0, len(data), 1000))


FIRST = tar({"root/.netrc": b"k", "root/empty/.netrc": b"", "bin/sh": b"x" * 5000})
SECOND = tar({"./root/.wh..netrc": b"", "../../etc/.netrc": b"k"})


@pytest.mark.parametrize("packed", [lambda data: data, gzip.compress], ids=["plain", "gzip"])
def test_what_a_later_layer_removed_is_found(packed: object) -> None:
    pack = packed if callable(packed) else bytes
    saved = tar(
        {
            "manifest.json": b'[{"Layers": []}]' * 100,
            "a/layer.tar": pack(FIRST),
            "blobs/sha256/b": pack(SECOND),
            "c/empty": b"",
        }
    )
    assert files_in_layers(chunks(saved), lambda path: path.endswith(".netrc")) == {
        "/root/.netrc",
        "/etc/.netrc",
    }


def test_too_many_files_and_a_broken_stream_are_errors() -> None:
    saved = tar({"a/layer.tar": FIRST})
    with pytest.raises(EngineError, match="more in them"):
        files_in_layers(chunks(saved), lambda _: True, most=2)
    with pytest.raises(EngineError, match="breaks off"):
        files_in_layers(chunks(saved[:3000]), lambda _: True)


def test_a_layer_that_cannot_be_unpacked_is_no_empty_one() -> None:
    saved = tar({"blobs/sha256/a": b"\x28\xb5\x2f\xfd" + b"\0" * 2000})
    with pytest.raises(EngineError, match="zstd"):
        files_in_layers(chunks(saved), lambda _: True)


@pytest.mark.parametrize("first", [b"", FIRST[:7168]], ids=["alone", "after others"])
@pytest.mark.parametrize("layer", BROKEN.values(), ids=BROKEN)
def test_a_layer_that_is_broken_on_purpose_is_an_error_and_no_empty_one(layer: bytes, first: bytes) -> None:
    with pytest.raises(EngineError, match="broken"):
        files_in_layers(chunks(tar({"a/layer.tar": first + layer})), lambda _: True)
