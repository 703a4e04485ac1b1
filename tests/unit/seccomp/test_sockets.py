from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.seal.model import Margin
from lacre.seccomp import derive_sockets, is_rare, mend_sockets, profile, socket_kind, socket_tests
from lacre.seccomp.sockets import ORDINARY, blocks
from lacre.seccomp.table import union
from tests.unit.seccomp.test_profile import holds

ALLOW, EPERM, EPROTONOSUPPORT, EAFNOSUPPORT = 0, 1, 93, 97
SOCKET = frozenset({"socket", "socketpair", "read"})

asked = st.tuples(st.integers(0, 70), st.integers(0, 15), st.integers(0, 300))
kinds = st.frozensets(st.builds(lambda numbers: socket_kind(*numbers), asked), max_size=6)


def answer(policy: dict[str, Any], name: str, *arguments: int) -> int:
    """What the filter says of a call; there is never more than one answer."""
    answers = {
        rule.get("errnoRet", ALLOW)
        for rule in policy["syscalls"]
        if name in rule["names"]
        and all(holds(test, arguments[test["index"]]) for test in rule.get("args", ()))
    }
    assert len(answers) <= 1, answers
    return answers.pop() if answers else EPERM


@given(asked, kinds, st.sampled_from(["socket", "socketpair"]), st.integers(0, 3), st.integers(0, 1))
def test_a_call_passes_exactly_where_its_kind_is_allowed(
    numbers: tuple[int, int, int], allowed: frozenset[str], name: str, flags: int, high: int
) -> None:
    family, type, protocol = numbers
    said = answer(
        profile(SOCKET, sockets=allowed), name, high << 32 | family, flags << 11 | type, high << 40 | protocol
    )
    assert (said == ALLOW) == (socket_kind(*numbers) in allowed)


@given(asked, st.sampled_from(sorted(SOCKET - {"read"})))
def test_every_family_that_is_not_allowed_answers_as_on_a_kernel_without_it(
    numbers: tuple[int, int, int], name: str
) -> None:
    sockets = derive_sockets(frozenset(), Margin.NORMAL)
    said = answer(profile(SOCKET, sockets=sockets), name, *numbers)
    if numbers[0] in {1, 2, 10, 16}:
        assert said in {ALLOW, EPERM, EPROTONOSUPPORT}
    else:
        assert said == (EAFNOSUPPORT if numbers[0] < 64 else EPERM)


@pytest.mark.parametrize(
    ("numbers", "kind", "said"),
    [
        ((1, 2, 0), "AF_UNIX", ALLOW),
        ((2, 1, 0), "AF_INET/tcp", ALLOW),
        ((10, 2, 17), "AF_INET6/udp", ALLOW),
        ((16, 3, 0), "AF_NETLINK/route", ALLOW),
        ((16, 3, 9), "AF_NETLINK/audit", EPROTONOSUPPORT),
        ((16, 2, 12), "AF_NETLINK/netfilter", EPROTONOSUPPORT),
        ((16, 3, 31), "AF_NETLINK/31", EPROTONOSUPPORT),
        ((2, 1, 132), "AF_INET/sctp", EPROTONOSUPPORT),
        ((2, 5, 0), "AF_INET/sctp", EPROTONOSUPPORT),
        ((2, 6, 33), "AF_INET/dccp", EPROTONOSUPPORT),
        ((10, 1, 256), "AF_INET6/smc", EPROTONOSUPPORT),
        ((2, 2, 115), "AF_INET/l2tp", EPROTONOSUPPORT),
        ((2, 3, 1), "AF_INET/raw", EPERM),  # what a kernel says without NET_RAW
        ((2, 10, 768), "AF_INET/10:768", EPERM),  # the old way to a packet socket
        ((17, 3, 0), "AF_PACKET", EAFNOSUPPORT),
        ((29, 3, 1), "AF_CAN", EAFNOSUPPORT),
        ((21, 5, 0), "AF_RDS", EAFNOSUPPORT),
        ((38, 5, 0), "AF_ALG", EAFNOSUPPORT),
        ((46, 1, 0), "AF_46", EAFNOSUPPORT),
    ],
)
def test_a_kind_has_a_name_and_only_the_ordinary_ones_pass_unseen(
    numbers: tuple[int, int, int], kind: str, said: int
) -> None:
    assert socket_kind(*numbers) == kind
    sockets = derive_sockets(frozenset(), Margin.NORMAL)
    assert answer(profile(SOCKET, sockets=sockets), "socket", *numbers) == said
    assert is_rare(kind) == (said != ALLOW)


@given(kinds)
def test_a_margin_is_never_wider_than_dockers_default_nor_than_the_next(observed: frozenset[str]) -> None:
    exact, normal = derive_sockets(observed, Margin.EXACT), derive_sockets(observed, Margin.NORMAL)
    assert exact is not None
    assert normal is not None
    assert exact <= observed
    assert exact <= normal == exact | union(ORDINARY)
    assert not normal & {"AF_ALG", "AF_VSOCK"}
    assert derive_sockets(observed, Margin.WIDE) is None  # as Docker's default has it


@given(kinds, asked)
def test_mending_adds_the_refused_kind_alone(allowed: frozenset[str], numbers: tuple[int, int, int]) -> None:
    kind = socket_kind(*numbers)
    wider = mend_sockets(allowed, kind)
    if kind in allowed or kind in {"AF_ALG", "AF_VSOCK"}:
        assert wider is None
    else:
        assert wider == allowed | {kind}


def test_without_the_calls_no_rule_speaks_of_sockets() -> None:
    policy = profile(frozenset({"read"}), sockets=union(ORDINARY))
    assert not any("socket" in rule["names"] for rule in policy["syscalls"])


def test_what_libseccomp_adds_by_itself_is_refused_before_any_rule_for_sockets() -> None:
    rules = profile(SOCKET, sockets=union(ORDINARY))["syscalls"]
    first = next(index for index, rule in enumerate(rules) if "socket" in rule["names"])
    assert "socketcall" in {name for rule in rules[:first] for name in rule["names"]}


@given(st.sets(st.integers(0, 63)))
def test_blocks_hold_exactly_these_numbers(numbers: set[int]) -> None:
    found = [n for mask, value in blocks(numbers) for n in range(64) if n & mask == value]
    assert sorted(found) == sorted(numbers)


@pytest.mark.parametrize("text", ["AF_FOO", "AF_INET/foo", "UNIX", "AF_UNIX tcp", "AF_NETLINK/foo", ""])
def test_what_is_no_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no kind of socket"):
        socket_tests(text)
