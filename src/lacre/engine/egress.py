"""What `--allow-egress` lets a twin reach outside: hosts as typed, looked up once for the whole run."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from lacre.errors import GroundError, UsageError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_BRACKETED = re.compile(r"\[([^\[\]]+)\](?::([0-9]{1,5}))?")
_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_MOST_PORT = 65535


@dataclass(frozen=True, slots=True)
class Egress:
    """One thing outside that a twin may reach. `name` empty: given as an address; `port` None: all of them."""

    typed: str
    name: str
    networks: tuple[Network, ...]
    port: int | None = None

    @property
    def pinned(self) -> tuple[Address, ...]:
        """The addresses that the name has in the twin; of both families only IPv4, which every network has."""
        addresses = [network.network_address for network in self.networks] if self.name else []
        return tuple([a for a in addresses if a.version == 4] or addresses)


def look_up(name: str) -> Iterable[Address]:
    """The addresses of a name as this host knows them. Raises OSError."""
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return dict.fromkeys(ip_address(str(entry[4][0]).partition("%")[0]) for entry in found)


def egress_to(typed: str, look_up: Callable[[str], Iterable[Address]] = look_up) -> Egress:
    """HOST, ADDRESS or NETWORK/BITS, with or without :PORT ([ADDRESS]:PORT for IPv6).

    Raises UsageError where it is none of these, or a container's own loopback, and GroundError where the name has
    no address.
    """
    host, port = _split(typed)
    network = _network(host)
    if network is not None:
        found = Egress(typed, "", (network,), port)
    else:
        if not _NAME.fullmatch(host):
            raise _wrong(typed, "it is no name, address or network")
        try:
            addresses = tuple(look_up(host))
        except OSError as problem:
            raise GroundError(
                f"looking up {host} (--allow-egress)",
                problem.strerror or str(problem),
                "check the name, or give its address",
            ) from problem
        found = Egress(typed, host.rstrip("."), tuple(ip_network(address) for address in addresses), port)
    if any(network.is_loopback for network in found.networks):
        raise _wrong(typed, "a loopback address is each container itself, never the host")
    return found


def _split(typed: str) -> tuple[str, int | None]:
    bracketed = _BRACKETED.fullmatch(typed)
    if bracketed:
        host, number = bracketed[1], bracketed[2] or ""
    elif _network(typed) is not None or ":" not in typed:
        host, number = typed, ""
    else:
        host, _, number = typed.rpartition(":")
        if not number:
            raise _wrong(typed, "there is no port behind the colon")
    if not number:
        return host, None
    if not number.isdecimal() or not 0 < int(number) <= _MOST_PORT:
        raise _wrong(typed, f"{number} is no port")
    return host, int(number)


def _network(text: str) -> Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _wrong(typed: str, why: str) -> UsageError:
    return UsageError(
        f"reading --allow-egress {typed}", why, "give HOST, ADDRESS or NETWORK/BITS, with :PORT if you like"
    )
