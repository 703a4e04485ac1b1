from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.observe import complaints
from lacre.observe.complaints import complained_of

KEY = "/etc/served/key.pem"


@pytest.mark.parametrize(
    "line",
    [
        f"2026/11/25 02:52:09 [error] 17#17: cannot load key {KEY}: Permission denied",
        f'open("{KEY}"): EACCES, Permission denied',
        f"\x1b[31mfailed\x1b[0m to read '{KEY}'.",
        f"[{KEY}] could not be opened",
    ],
)
def test_a_line_of_trouble_that_names_the_path_is_a_complaint(line: str) -> None:
    assert complained_of(f"started\n{line}\nready\n", [KEY, "/etc/shadow"]) == {KEY}


@pytest.mark.parametrize(
    "line",
    [
        f"reading {KEY}",
        f"error: {KEY}.old: Permission denied",
        f"error: /srv{KEY}: Permission denied",
        f"error: {KEY}/deeper: Permission denied",
        f"error: {KEY}s: Permission denied",
        "error: Permission denied",
    ],
)
def test_another_line_is_none(line: str) -> None:
    assert complained_of(line, [KEY]) == frozenset()


def test_trouble_in_another_line_is_none() -> None:
    assert complained_of(f"reading {KEY}\nerror: too late", [KEY]) == frozenset()


def test_the_root_is_named_by_too_many_lines() -> None:
    assert complained_of("error: / is full", ["/"]) == frozenset()


def test_a_log_without_end_is_looked_at_from_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complaints, "MOST_LINES", 2)
    assert complained_of(f"error {KEY}\na\nb", [KEY]) == frozenset()
    assert complained_of(f"a\nerror {KEY}\nb", [KEY]) == {KEY}
    assert complained_of("x" * complaints.LONGEST_LINE + f" error {KEY}", [KEY]) == frozenset()


@given(log=st.text(), paths=st.lists(st.text(min_size=1).map(lambda text: f"/{text}"), max_size=5))
def test_whatever_it_holds_only_asked_paths_that_stand_there_come_back(log: str, paths: list[str]) -> None:
    found = complained_of(log, paths)
    assert found <= set(paths)
    assert all(path in log for path in found)
