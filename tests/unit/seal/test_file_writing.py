from __future__ import annotations

import os
from pathlib import Path

import pytest

from lacre.errors import GroundError, UsageError
from lacre.seal.file import write_atomically

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
