"""What a log says of the difference between two drafts."""

from __future__ import annotations

from lacre.seal.advice import ServiceAdvice
from lacre.seal.changes import MOST, changes
from lacre.seal.controls import filesystem, limits, syscalls
from lacre.seal.model import Capabilities, Syscalls, User
from tests.unit.seal.invented import context, ran_as

DRAFT = ServiceAdvice(context([ran_as(33, 33)])).draft()


def test_drafts_that_allow_the_same_are_told_in_no_word() -> None:
    assert changes(DRAFT, DRAFT.model_copy(update={"notes": ("another",)})) == ""


def test_of_a_first_draft_the_user_is_told() -> None:
    assert changes(None, DRAFT) == "as 33:33"


def test_user_controls_and_grants_are_named() -> None:
    looser = DRAFT.model_copy(
        update={
            "user": User(user=None, root=True),
            "capabilities": Capabilities(add=frozenset({"CHOWN"})),
            "filesystem": filesystem.given_up(DRAFT.filesystem, "why"),
        }
    )
    assert changes(DRAFT, looser) == "as root, filesystem off, + CHOWN"
    assert "as 33:33" in changes(looser, DRAFT) and "- CHOWN" in changes(looser, DRAFT)
    assert "filesystem on" in changes(looser, DRAFT)


def test_of_a_control_that_is_off_only_that_is_told() -> None:
    off = DRAFT.model_copy(update={"syscalls": syscalls.given_up(DRAFT.syscalls, "why")})
    assert changes(DRAFT, off) == "syscalls off"
    assert changes(off, DRAFT) == "syscalls on"


def test_a_limit_that_is_gone_is_unlimited() -> None:
    assert "memory unlimited" in changes(DRAFT, DRAFT.model_copy(update={"limits": limits.given_up("why")}))


def test_many_changes_are_counted() -> None:
    wide = DRAFT.model_copy(update={"syscalls": Syscalls(allowed=frozenset(map(str, range(500))))})
    said = changes(DRAFT.model_copy(update={"syscalls": Syscalls()}), wide)
    assert said.count(", ") == MOST
    assert said.endswith(f"and {500 - MOST} more")
