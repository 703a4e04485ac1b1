"""What others laid where lacre reads: a pipe, a device, an endless file."""

from __future__ import annotations

import errno
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from lacre import reading
from lacre.audit.read.files import UnreadableError, read_text
from lacre.host import writing
from lacre.host.files import MOST, Root


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    """Whoever waits for a pipe is ended, and fails."""

    def fail(*_: object) -> None:
        raise AssertionError("it waited")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["pipe", "link to a pipe", "device", "socket", "directory"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Something that is no ordinary file."""
    path = tmp_path / "odd"
    match request.param:
        case "pipe":
            os.mkfifo(path)
        case "link to a pipe":
            os.mkfifo(tmp_path / "pipe")
            path.symlink_to("pipe")
        case "device":
            path.symlink_to("/dev/zero")
        case "socket":
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(path))
        case _:
            path.mkdir()
    return path


def test_what_is_no_ordinary_file_is_not_read_and_not_waited_for(odd: Path) -> None:
    with pytest.raises(OSError, match="no regular file"):
        reading.open_regular(odd)
    with pytest.raises(UnreadableError, match="no regular file"):
        read_text(odd)
    assert Root(odd.parent).data("/odd") is None
    assert Root().data(str(odd)) is None
    with pytest.raises(OSError, match="no regular file"):
        writing.held(Root(odd.parent), "/odd")


def test_what_is_no_ordinary_file_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "odd").symlink_to("/dev/zero")
    opened: list[int] = []
    real = os.open

    def watching(path: str | Path, flags: int) -> int:
        opened.append(flags)
        return real(path, flags)

    monkeypatch.setattr(os, "open", watching)
    assert Root().data(str(tmp_path / "odd")) is None
    assert [flags & os.O_PATH for flags in opened] == [os.O_PATH]


def test_an_ordinary_file_is_read_up_to_a_bound_and_a_link_followed_where_it_may(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * (MOST + 5))
    (tmp_path / "link").symlink_to("file")
    assert Root().data(str(tmp_path / "link")) == b"x" * MOST
    with pytest.raises(OSError, match="no regular file"):
        reading.open_regular(tmp_path / "link", follow=False)
    kept = writing.held(Root(tmp_path), "/file")
    assert kept is not None
    assert len(kept.data) == MOST + 5


def test_what_is_not_there_keeps_its_error_and_its_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as problem:
        reading.open_regular(tmp_path / "gone")
    assert (problem.value.errno, problem.value.filename) == (errno.ENOENT, str(tmp_path / "gone"))


def test_files_of_the_kernel_are_read_whole() -> None:
    assert (Root().text("/proc/self/status") or "").startswith("Name:")
    assert Root().data("/no\0such") is None
