"""The layers of images, as `docker save` streams them."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterator
from types import SimpleNamespace
from typing import cast

import pytest

from lacre.engine import images, inventory, layers
from lacre.engine.docker import Engine
from lacre.engine.layers import files_by_layer
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


def digest(layer: bytes) -> str:
    return f"sha256:{hashlib.sha256(layer).hexdigest()}"


def key(path: str) -> bool:
    return path.endswith(".netrc")


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
    found = dict(files_by_layer(chunks(saved), key))
    assert found[digest(FIRST)] == {"/root/.netrc"}
    assert found[digest(SECOND)] == {"/etc/.netrc"}


def test_a_layer_has_the_digest_of_all_of_it_whatever_stands_behind_its_last_file() -> None:
    layer = FIRST + b"\0" * 100_000
    assert dict(files_by_layer(chunks(tar({"a": layer})), key)) == {digest(layer): {"/root/.netrc"}}


def test_too_many_files_too_many_bytes_and_a_broken_stream_are_errors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    saved = tar({"a/layer.tar": FIRST})
    with pytest.raises(EngineError, match="more in them"):
        list(files_by_layer(chunks(saved), lambda _: True, most=2))
    with pytest.raises(EngineError, match="breaks off"):
        list(files_by_layer(chunks(b"x" * 3000), lambda _: True))
    monkeypatch.setattr(layers, "_MOST_BYTES", 50_000)
    zeros = gzip.compress(FIRST + b"\0" * 100_000)
    with pytest.raises(EngineError, match="more in them"):
        list(files_by_layer(chunks(tar({"a": zeros})), lambda _: True))


def test_a_layer_that_cannot_be_unpacked_is_no_empty_one() -> None:
    zstd = b"\x28\xb5\x2f\xfd" + b"\0" * 2000
    saved = tar({"a": zstd, "b": gzip.compress(FIRST)[:-20], "c": b"\x1f\x8b" + b"x" * 2000, "d": SECOND})
    assert dict(files_by_layer(chunks(saved), key)) == {digest(SECOND): {"/etc/.netrc"}}


@pytest.mark.parametrize("first", [b"", FIRST[:7168]], ids=["alone", "after others"])
@pytest.mark.parametrize("layer", BROKEN.values(), ids=BROKEN)
def test_a_layer_that_is_broken_on_purpose_is_no_empty_one(layer: bytes, first: bytes) -> None:
    saved = tar({"a/layer.tar": first + layer, "b": SECOND})
    assert dict(files_by_layer(chunks(saved), key)) == {digest(SECOND): {"/etc/.netrc"}}


def shown(id: str, *of: bytes, size: int = 1) -> inventory.Shown:
    return {"Id": id, "Size": size, "RootFS": {"Layers": [digest(layer) for layer in of]}}


def test_images_that_share_layers_are_saved_together_as_far_as_the_disk_of_the_engine_should_bear() -> None:
    big = inventory._SAVED_BYTES * 3 // 4
    one, other, whole = shown("1", FIRST), shown("2", SECOND), shown("4", SECOND, size=big)
    same = shown("3", FIRST, SECOND, size=big)
    groups = list(inventory.saved_together([one, other, same, whole]))
    assert sorted(image["Id"] for group in groups for image in group) == ["1", "2", "3", "4"]
    assert any(one in group and same in group for group in groups)
    assert all(sum(image["Size"] for image in group) <= inventory._SAVED_BYTES for group in groups)
    assert list(inventory.saved_together([])) == []


def test_an_image_whose_layers_break_the_stream_keeps_no_other_from_being_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[str]] = []
    blobs = {"good": {"b": SECOND}, "bad": {"a": next(iter(BROKEN.values()))}, "base": {"c": FIRST}}

    def saved(client: object, ids: list[str]) -> Iterator[bytes]:
        asked.append(ids)
        if "gone" in ids:
            raise EngineError("saving", "no such image", "try again")
        return chunks(tar({name: data for id in ids for name, data in blobs[id].items()}))

    monkeypatch.setattr(images, "saved", saved)
    engine = cast(Engine, SimpleNamespace(api=None))
    good, base = shown("good", SECOND), shown("base", FIRST)
    bad, gone = shown("bad", FIRST[:10]), shown("gone", FIRST)
    assert inventory.files_in_layers(engine, (good, base), key) == {
        "good": frozenset({"/etc/.netrc"}),
        "base": frozenset({"/root/.netrc"}),
    }
    assert asked == [["good", "base"]]
    assert inventory.files_in_layers(engine, (good, bad, gone), key) == {
        "good": frozenset({"/etc/.netrc"}),
        "bad": None,
        "gone": None,
    }
