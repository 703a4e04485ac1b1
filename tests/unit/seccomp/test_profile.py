from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.errors import UsageError
from lacre.seccomp import profile
from lacre.seccomp.docker_default import FILTERED, allowed_by_default
from lacre.seccomp.newer import FALLS_BACK

ALL = sorted(allowed_by_default(frozenset()))
names = st.frozensets(st.sampled_from(ALL))


def passes(policy: dict[str, Any], name: str, argument: int = 0) -> bool:
    """Whether a call gets through, as libseccomp reads a profile: any rule that allows it wins."""
    return any(
        rule["action"] == "SCMP_ACT_ALLOW"
        and name in rule["names"]
        and all(holds(test, argument) for test in rule.get("args", ()))
        for rule in policy["syscalls"]
    )


def holds(test: dict[str, Any], argument: int) -> bool:
    if test["op"] == "SCMP_CMP_EQ":
        return bool(argument == test["value"])
    assert test["op"] == "SCMP_CMP_MASKED_EQ"
    return bool(argument & test["value"] == test["valueTwo"])


@given(names)
def test_exactly_the_allowed_names_pass_in_some_form(allowed: frozenset[str]) -> None:
    policy = profile(allowed)
    assert {name for name in ALL if passes(policy, name)} == allowed


@given(names)
def test_a_name_stands_under_one_action_only(allowed: frozenset[str]) -> None:
    by_action: dict[str, set[str]] = {}
    for rule in profile(allowed)["syscalls"]:
        by_action.setdefault(rule["action"], set()).update(rule["names"])
    assert not by_action["SCMP_ACT_ALLOW"] & by_action["SCMP_ACT_ERRNO"]
    assert FALLS_BACK - allowed <= by_action["SCMP_ACT_ERRNO"]


@pytest.mark.parametrize("high", [0, 1 << 32, 0xFFFFFFFF << 32])
def test_only_the_kernels_crypto_and_the_hypervisor_are_closed_to_sockets(high: int) -> None:
    policy = profile(frozenset({"socket"}))
    assert {family for family in range(64) if not passes(policy, "socket", high | family)} == {
        38,
        40,
        *range(48, 64),
    }


def test_clone_makes_no_namespace_without_sys_admin() -> None:
    policy = profile(frozenset({"clone"}))
    assert passes(policy, "clone", 0x003D0F00)  # a thread, as glibc makes one
    for flag in (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000):
        assert not passes(policy, "clone", flag)
        assert passes(profile(frozenset({"clone"}), frozenset({"SYS_ADMIN"})), "clone", flag)


def test_personality_may_only_ask_or_set_the_plain_ones() -> None:
    policy = profile(frozenset({"personality"}))
    assert passes(policy, "personality", 0xFFFFFFFF)
    assert not passes(policy, "personality", 0x0040000)  # ADDR_NO_RANDOMIZE


def test_nothing_filtered_stands_among_the_plain_names() -> None:
    plain = profile(frozenset(FILTERED) | {"read"})["syscalls"][0]
    assert plain == {"names": ["read"], "action": "SCMP_ACT_ALLOW"}


def test_both_spellings_of_an_architecture_are_one() -> None:
    assert profile(frozenset(), architectures=("x86_64",)) == profile(frozenset(), architectures=("amd64",))


def test_an_architecture_without_a_table_is_refused() -> None:
    with pytest.raises(UsageError, match="s390x"):
        profile(frozenset(), architectures=("s390x",))
