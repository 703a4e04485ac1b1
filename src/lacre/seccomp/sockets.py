"""Kinds of sockets: how socket(2) is told apart, which kinds any program may come to need, and as tests of a filter.

A kind is a text: the family (`AF_UNIX`), and where one family is many parts of the kernel, the protocol beside it
(`AF_NETLINK/route`, `AF_INET/tcp`): SCTP, DCCP and SMC are behind AF_INET, and each netlink protocol is a subsystem
of its own. What has no name here is told by its numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lacre.seccomp.table import Row, row, union

if TYPE_CHECKING:
    from lacre.seal.model import Margin

SOCKET_CALLS = frozenset({"socket", "socketpair"})

SOCKET_KIND = r"^AF_[A-Z0-9]+(/([a-z0-9-]+|\d+:\d+))?$"

# include/linux/socket.h; what a newer kernel adds is told by its number.
_FAMILIES = {
    0: "UNSPEC", 1: "UNIX", 2: "INET", 3: "AX25", 4: "IPX", 5: "APPLETALK", 6: "NETROM", 7: "BRIDGE",
    8: "ATMPVC", 9: "X25", 10: "INET6", 11: "ROSE", 12: "DECNET", 13: "NETBEUI", 14: "SECURITY", 15: "KEY",
    16: "NETLINK", 17: "PACKET", 18: "ASH", 19: "ECONET", 20: "ATMSVC", 21: "RDS", 22: "SNA", 23: "IRDA",
    24: "PPPOX", 25: "WANPIPE", 26: "LLC", 27: "IB", 28: "MPLS", 29: "CAN", 30: "TIPC", 31: "BLUETOOTH",
    32: "IUCV", 33: "RXRPC", 34: "ISDN", 35: "PHONET", 36: "IEEE802154", 37: "CAIF", 38: "ALG", 39: "NFC",
    40: "VSOCK", 41: "KCM", 42: "QIPCRTR", 43: "SMC", 44: "XDP", 45: "MCTP",
}  # fmt: skip
_INTERNET = {"AF_INET", "AF_INET6"}
_RAW = 3

_ALL = 0xFFFFFFFF  # the kernel takes each argument as 32 bits; so must a test, or high bits get past it
_TYPE = 0xF  # SOCK_TYPE_MASK of include/linux/net.h: the rest of the argument are flags

# include/uapi/linux/netlink.h.
_NETLINK = {
    0: "route", 2: "usersock", 3: "firewall", 4: "sock-diag", 5: "nflog", 6: "xfrm", 7: "selinux", 8: "iscsi",
    9: "audit", 10: "fib-lookup", 11: "connector", 12: "netfilter", 13: "ip6-fw", 14: "dnrtmsg",
    15: "kobject-uevent", 16: "generic", 18: "scsitransport", 19: "ecryptfs", 20: "rdma", 21: "crypto", 22: "smc",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Protocol:
    """A protocol of the internet families: the socket types that have it, and the one whose default it is."""

    name: str
    types: tuple[int, ...]
    default_of: int = 0


# include/uapi/linux/in.h; types and defaults: what each protocol registers with inet_register_protosw.
_PROTOCOLS = {
    1: _Protocol("icmp", (2,)),
    6: _Protocol("tcp", (1,), 1),
    17: _Protocol("udp", (2,), 2),
    33: _Protocol("dccp", (6,), 6),
    58: _Protocol("icmpv6", (2,)),
    115: _Protocol("l2tp", (2,)),
    132: _Protocol("sctp", (1, 5), 5),
    136: _Protocol("udplite", (2,)),
    256: _Protocol("smc", (1,)),
    262: _Protocol("mptcp", (1,)),
}

ORDINARY: tuple[Row, ...] = (
    row("AF_UNIX", "syslog, name service caches, pairs of sockets between own processes"),
    row("AF_INET/tcp AF_INET/udp AF_INET6/tcp AF_INET6/udp", "a peer not met before, the resolver"),
    row("AF_NETLINK/route", "getaddrinfo(3) and getifaddrs(3) ask for the own addresses"),
)
"""What any program on a libc may come to need in a path that no exercise shows. Added at margin `normal`."""

_ORDINARY = union(ORDINARY)
_REFUSED_BY_DEFAULT = {"AF_ALG", "AF_VSOCK"}  # see `FILTERED`


@dataclass(frozen=True, slots=True)
class SocketTest:
    """Tests of the three arguments of socket(2), in the bits of a mask: (index, mask, value); all must hold."""

    arguments: tuple[tuple[int, int, int], ...]


def socket_kind(family: int, type: int, protocol: int) -> str:
    """The kind of a socket asked for with these numbers (the type without its flags)."""
    name = f"AF_{_FAMILIES.get(family, family)}"
    if name == "AF_NETLINK":
        return f"{name}/{_NETLINK.get(protocol, protocol)}"
    if name not in _INTERNET:
        return name
    if type == _RAW:
        return f"{name}/raw"
    found = next(
        (
            known.name
            for number, known in _PROTOCOLS.items()
            if type in known.types and (protocol == number or (protocol == 0 and type == known.default_of))
        ),
        "",
    )
    return f"{name}/{found or f'{type}:{protocol}'}"


def call_and_kind(refused: str) -> tuple[str, str]:
    """A refused call as the sensor names it, taken apart: ("socket", "AF_CAN") of "socket AF_CAN", ("semget", "")."""
    call, _, kind = refused.partition(" ")
    return call, kind


def derive_sockets(observed: frozenset[str], margin: Margin) -> frozenset[str] | None:
    """The kinds of sockets that a seal allows; None: all that Docker's default allows."""
    match margin.value:
        case "exact":
            return observed - _REFUSED_BY_DEFAULT
        case "normal":
            return (observed | _ORDINARY) - _REFUSED_BY_DEFAULT
        case "wide":
            return None


def mend_sockets(allowed: frozenset[str] | None, kind: str) -> frozenset[str] | None:
    """The kinds with one that was refused; None where no grant may do that, or it is allowed already."""
    if allowed is None or kind in allowed or kind in _REFUSED_BY_DEFAULT:
        return None
    return allowed | {kind}


def is_rare(kind: str) -> bool:
    """Whether hardly any program needs this kind, so that one which asks for it in vain mostly does without."""
    return kind not in _ORDINARY


def why_socket_refused(kind: str) -> str:
    """Why a kind of socket stays refused, as half a sentence."""
    if kind in _REFUSED_BY_DEFAULT:
        return "refused by Docker's default profile too"
    return "the baseline never got such a socket; answered as by a kernel that does not have it"


def socket_tests(kind: str) -> tuple[SocketTest, ...]:
    """The tests of which one must hold for a call to ask for this kind. Raises ValueError for what is no kind."""
    if not re.fullmatch(SOCKET_KIND, kind):
        raise ValueError(f"no kind of socket: {kind!r}")
    name, _, protocol = kind.partition("/")
    family = _number(name.removeprefix("AF_"), _FAMILIES)
    if name == "AF_NETLINK" and protocol:
        return (_test(family, None, _number(protocol, _NETLINK)),)
    if name not in _INTERNET or not protocol:
        return (_test(family, None, None),)
    if protocol == "raw":
        return (_test(family, _RAW, None),)
    if ":" in protocol:
        asked_type, _, asked = protocol.partition(":")
        return (_test(family, int(asked_type), int(asked)),)
    number, known = next((each for each in _PROTOCOLS.items() if each[1].name == protocol), (0, None))
    if known is None:
        raise ValueError(f"no kind of socket: {kind!r}")
    default = (_test(family, known.default_of, 0),) if known.default_of else ()
    return (*default, *(_test(family, type, number) for type in known.types))


def tests_of_others(kinds: frozenset[str]) -> tuple[tuple[SocketTest, ...], tuple[SocketTest, ...]]:
    """What a kernel would answer in the place of everything else: the tests for families, and for protocols.

    Protocols of the internet families only as far as they have a name: no program makes others up.
    """
    told_apart = {"AF_NETLINK", *_INTERNET}
    families = {_number(kind.partition("/")[0].removeprefix("AF_"), _FAMILIES) for kind in kinds}
    protocols: list[SocketTest] = []
    for family in sorted(families):
        name = f"AF_{_FAMILIES.get(family, family)}"
        if name not in told_apart or name in kinds:
            continue
        if name == "AF_NETLINK":
            allowed = {_number(kind.partition("/")[2], _NETLINK) for kind in kinds if kind.startswith(name)}
            protocols += [
                SocketTest(((0, _ALL, family), (2, mask, value)))
                for mask, value in blocks(set(range(32)) - allowed)
            ]
            continue
        for known in _PROTOCOLS.values():
            if f"{name}/{known.name}" not in kinds:
                protocols += socket_tests(f"{name}/{known.name}")
    absent = tuple(SocketTest(((0, mask, value),)) for mask, value in blocks(set(range(64)) - families))
    return absent, tuple(protocols)


def blocks(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Numbers (of 32 bits) as the fewest aligned blocks of a power of two, each as (mask, value)."""
    left = set(numbers)
    while left:
        start, size = min(left), 1
        while start % (2 * size) == 0 and left >= set(range(start, start + 2 * size)):
            size *= 2
        left -= set(range(start, start + size))
        yield _ALL - (size - 1), start


def _number(text: str, names: dict[int, str]) -> int:
    if text.isdecimal():
        return int(text)
    found = next((number for number, name in names.items() if name == text), None)
    if found is None:
        raise ValueError(f"no kind of socket: {text!r}")
    return found


def _test(family: int, type: int | None, protocol: int | None) -> SocketTest:
    arguments = [(0, _ALL, family)]
    if type is not None:
        arguments.append((1, _TYPE, type))
    if protocol is not None:
        arguments.append((2, _ALL, protocol))
    return SocketTest(tuple(arguments))
