from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from lacre import writing
from lacre.errors import GroundError, UsageError
from lacre.writing import write_atomically, write_file

FILES = {"lacre.yaml": "new seal\n", "seccomp/web.json": "{}\n", "a/b/c": "deep\n"}


def contents(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): path.read_text(encoding="utf-8")
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_all_files_are_written_and_nothing_else(tmp_path: Path) -> None:
    write_atomically(tmp_path / "out" / "deep", FILES)
    assert contents(tmp_path / "out" / "deep") == FILES


def test_other_files_stay_and_old_ones_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "lacre.yaml").write_text("old", encoding="utf-8")
    (tmp_path / "mine").write_text("mine", encoding="utf-8")
    write_atomically(tmp_path, FILES)
    write_atomically(tmp_path, FILES)
    assert contents(tmp_path) == {**FILES, "mine": "mine"}


@pytest.mark.parametrize(
    "fatal", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["space", "ctrl-c"]
)
@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("call", ["replace", "fsync", "link"])
def test_a_failure_at_any_point_leaves_all_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, after: int, fatal: BaseException
) -> None:
    before = {"lacre.yaml": "old", "seccomp/web.json": "old too", "mine": "mine"}
    for name, text in before.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    real, calls = getattr(os, call), [0]

    def failing(*arguments: object, **keywords: object) -> object:
        calls[0] += 1
        if calls[0] == after + 1:
            raise fatal
        return real(*arguments, **keywords)

    monkeypatch.setattr(os, call, failing)
    if calls_needed(call) <= after:
        write_atomically(tmp_path, FILES)
        assert contents(tmp_path) == {**before, **FILES}
        return
    with pytest.raises((GroundError, KeyboardInterrupt)):
        write_atomically(tmp_path, FILES)
    assert contents(tmp_path) == before
    assert not (tmp_path / "a").exists()


def calls_needed(call: str) -> int:
    return {"replace": 3, "fsync": 6, "link": 2}[call]


def test_a_linked_file_is_replaced_and_its_target_untouched(tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("precious", encoding="utf-8")
    out = tmp_path / "out"
    out.mkdir()
    (out / "lacre.yaml").symlink_to(target)
    write_atomically(out, FILES)
    assert target.read_text(encoding="utf-8") == "precious"
    assert not (out / "lacre.yaml").is_symlink()


def test_a_linked_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "seccomp").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError):
        write_atomically(out, FILES)
    assert contents(out) == {}


@pytest.mark.parametrize("path", ["/etc/x", "../x", "a/../../x", "", "a\0b"])
def test_a_path_out_of_the_directory_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(UsageError):
        write_atomically(tmp_path, {path: "x"})
    assert contents(tmp_path) == {}


def test_a_file_in_the_place_of_a_directory_is_told(tmp_path: Path) -> None:
    (tmp_path / "seccomp").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError):
        write_atomically(tmp_path, FILES)
    (tmp_path / "lacre.yaml").mkdir()
    with pytest.raises(UsageError):
        write_atomically(tmp_path, {"lacre.yaml": "x"})


@pytest.fixture
def of_another(tmp_path: Path) -> Path:
    """A file of another user where this one is root; of this one where not. Its mode is nobody's default."""
    path = tmp_path / "compose.yaml"
    path.write_text("old", encoding="utf-8")
    if os.geteuid() == 0:
        os.chown(path, 65534, 65533)
    path.chmod(0o604)
    return path


def owned(path: Path) -> tuple[int, int, int]:
    told = path.lstat()
    return told.st_uid, told.st_gid, told.st_mode


def test_a_file_that_is_replaced_keeps_its_owner_its_group_and_its_mode(of_another: Path) -> None:
    before = owned(of_another)
    write_atomically(of_another.parent, {of_another.name: "new", "fresh": "new"})
    assert owned(of_another) == before
    assert of_another.read_text(encoding="utf-8") == "new"
    write_file(of_another, "newer")
    assert owned(of_another) == before


def test_who_may_not_give_files_away_writes_all_the_same(
    of_another: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refused)
    write_file(of_another, "new")
    assert of_another.read_text(encoding="utf-8") == "new"
    assert owned(of_another)[0] == os.geteuid()


def test_what_is_no_ordinary_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "lacre.yaml")
    with pytest.raises(UsageError, match="no regular file"):
        write_atomically(tmp_path, FILES)
    with pytest.raises(UsageError, match="no regular file"):
        write_file(tmp_path / "lacre.yaml", "x")
    assert (tmp_path / "lacre.yaml").is_fifo()


def test_a_link_in_the_place_of_a_named_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious", encoding="utf-8")
    for name, target in (("page.html", "precious"), ("to nowhere", "gone"), ("out", "/dev/null")):
        (tmp_path / name).symlink_to(target)
        with pytest.raises(UsageError, match="symbolic link"):
            write_file(tmp_path / name, "x")
        assert (tmp_path / name).is_symlink()
    assert contents(tmp_path) == {"precious": "precious", "page.html": "precious"}


@pytest.mark.parametrize("name", ["none/page.html", ".", "page.html/x"])
def test_a_named_file_that_has_no_place_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("old", encoding="utf-8")
    with pytest.raises(UsageError, match="writing"):
        write_file(tmp_path / name, "x")
    assert contents(tmp_path) == {"page.html": "old"}


def test_a_full_disk_leaves_the_old_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "page.html").write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(GroundError, match="No space left"):
        write_file(tmp_path / "page.html", "new")
    assert contents(tmp_path) == {"page.html": "old"}


def test_a_link_that_is_laid_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "seccomp").symlink_to(tmp_path / "elsewhere")
    monkeypatch.setattr(writing, "_check", lambda *_: None)
    with pytest.raises(GroundError):
        write_atomically(out, FILES)
    assert contents(tmp_path / "elsewhere") == contents(out) == {}


def test_a_link_in_the_place_of_the_hidden_directory_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    out = tmp_path / "out"
    out.mkdir()
    (out / "lacre.yaml").write_text("old", encoding="utf-8")
    real = tempfile.mkdtemp

    def swapped(*, prefix: str, dir: Path) -> str:
        made = real(prefix=prefix, dir=dir)
        Path(made).rmdir()
        Path(made).symlink_to(tmp_path / "elsewhere")
        return made

    monkeypatch.setattr(tempfile, "mkdtemp", swapped)
    with pytest.raises(GroundError):
        write_atomically(out, FILES)
    assert contents(tmp_path / "elsewhere") == {}
    assert (out / "lacre.yaml").read_text(encoding="utf-8") == "old"
