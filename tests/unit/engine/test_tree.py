from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator

import pytest

from lacre.engine.project import Entry
from lacre.engine.tree import read_tree
from lacre.errors import EngineError
from tests.unit.engine.broken_tars import BROKEN


def archive(*members: tuple[str, bytes, dict[str, object]]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as tar:
        for name, kind, more in members:
            member = tarfile.TarInfo(name)
            member.type = kind
            for key, value in more.items():
                setattr(member, key, value)
            tar.addfile(member, io.BytesIO(b"x" * member.size))
    return out.getvalue()


def chunks(data: bytes, size: int = 100) -> Iterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


def test_every_kind_of_entry_has_its_mode_owner_and_target() -> None:
    tree = read_tree(
        chunks(
            archive(
                ("etc/", tarfile.DIRTYPE, {"mode": 0o755}),
                ("etc/x", tarfile.REGTYPE, {"mode": 0o4755, "uid": 5, "gid": 6, "size": 1000}),
                ("etc/y", tarfile.LNKTYPE, {"linkname": "etc/x"}),
                ("etc/z", tarfile.SYMTYPE, {"linkname": "x", "mode": 0o777}),
                ("pipe", tarfile.FIFOTYPE, {"mode": 0o600}),
                ("dev/null", tarfile.CHRTYPE, {"mode": 0o666}),
            )
        )
    )
    file = Entry(kind="file", mode=0o4755, uid=5, gid=6, size=1000)
    assert tree == {
        "/etc": Entry(kind="directory", mode=0o755, uid=0, gid=0),
        "/etc/x": file,
        "/etc/y": file,
        "/etc/z": Entry(kind="link", mode=0o777, uid=0, gid=0, link="x"),
        "/pipe": Entry(kind="fifo", mode=0o600, uid=0, gid=0),
        "/dev/null": Entry(kind="device", mode=0o666, uid=0, gid=0),
    }


def test_what_the_engine_adds_to_every_container_is_left_out() -> None:
    names = [".dockerenv", "dev/console", "etc/hosts", "etc/hostname", "etc/resolv.conf"]
    members: list[tuple[str, bytes, dict[str, object]]] = [(name, tarfile.REGTYPE, {}) for name in names]
    members += [(name, tarfile.DIRTYPE, {}) for name in ("proc/", "sys/", "dev/pts/", "dev/shm/")]
    members.append(("etc/mtab", tarfile.SYMTYPE, {"linkname": "/proc/mounts"}))
    assert read_tree(chunks(archive(*members))) == {}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/absolute", "a/../../b", "line\nbreak", "\udcff\udcfe", "x" * 3000]
)
def test_hostile_names_are_only_keys_and_absolute(name: str) -> None:
    [path] = read_tree(chunks(archive((name, tarfile.REGTYPE, {}))))
    assert path.startswith("/")
    assert ".." not in path.split("/")


def test_too_many_entries_are_refused() -> None:
    data = archive(*[(str(n), tarfile.REGTYPE, {}) for n in range(5)])
    with pytest.raises(EngineError, match="more than 4"):
        read_tree(chunks(data), most=4)


@pytest.mark.parametrize("cut", [1, 300, 700])
def test_a_stream_that_breaks_off_is_an_error(cut: int) -> None:
    data = archive(("a", tarfile.REGTYPE, {"size": 900}), ("b", tarfile.REGTYPE, {}))
    with pytest.raises(EngineError, match="breaks off"):
        read_tree(chunks(data[:cut]))


@pytest.mark.parametrize("stream", BROKEN.values(), ids=BROKEN)
def test_a_file_system_that_is_broken_on_purpose_is_an_error(stream: bytes) -> None:
    with pytest.raises(EngineError, match="broken"):
        read_tree(chunks(stream, 1 << 16))
