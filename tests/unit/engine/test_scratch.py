"""The directory of a run: found again by its owner, and only where nobody else can have put it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from lacre.engine import scratch
from lacre.engine.owner import may_live, this_process


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_directory_is_found_again_with_the_process_that_made_it() -> None:
    made = scratch.make()
    assert scratch.standing() == (scratch.Scratch(made, this_process()),)
    assert may_live(scratch.standing()[0].owner)
    scratch.remove(made)
    assert not scratch.standing()
    scratch.remove(made)  # again: it is gone


def test_what_others_may_enter_or_is_no_directory_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / "lacre-file").write_text("x")
    (tmp_path / "lacre-link").symlink_to("/etc")
    for name, mode in (("lacre-open", 0o755), ("lacre-without-owner", 0o700)):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(mode)
    (tmp_path / "lacre-open" / ".owner").write_text("a/b/c/1/2")
    assert not scratch.standing()
