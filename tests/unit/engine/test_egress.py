from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from lacre.engine.egress import Address, Egress, egress_to
from lacre.errors import GroundError, UsageError


def known(name: str) -> list[Address]:
    names = {
        "two.example": ["192.0.2.1", "2001:db8::1", "192.0.2.2"],
        "here": ["127.0.1.1"],
        "six": ["2001:db8::2"],
    }
    if name not in names:
        raise OSError(-2, "Name or service not known")
    return [ip_address(text) for text in names[name]]


@pytest.mark.parametrize(
    ("typed", "name", "networks", "port"),
    [
        ("192.0.2.7", "", ["192.0.2.7/32"], None),
        ("192.0.2.7:443", "", ["192.0.2.7/32"], 443),
        ("192.0.2.7/24", "", ["192.0.2.0/24"], None),
        ("192.0.2.0/24:5432", "", ["192.0.2.0/24"], 5432),
        ("2001:db8::7", "", ["2001:db8::7/128"], None),
        ("[2001:db8::7]", "", ["2001:db8::7/128"], None),
        ("[2001:db8::7]:443", "", ["2001:db8::7/128"], 443),
        ("two.example:443", "two.example", ["192.0.2.1/32", "2001:db8::1/128", "192.0.2.2/32"], 443),
    ],
)
def test_hosts_addresses_and_networks_are_told_apart(
    typed: str, name: str, networks: list[str], port: int | None
) -> None:
    assert egress_to(typed, known) == Egress(typed, name, tuple(ip_network(text) for text in networks), port)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a b",
        "two.example:",
        "two.example:0",
        "two.example:65536",
        "two.example:x",
        "$(id)",
        "a..b",
        "::1:x",
    ],
)
def test_what_is_no_host_is_wrong_use(typed: str) -> None:
    with pytest.raises(UsageError):
        egress_to(typed, known)


@pytest.mark.parametrize("typed", ["127.0.0.1", "127.0.0.1:80", "::1", "[::1]:80", "here", "127.0.0.0/8"])
def test_loopback_is_not_outside(typed: str) -> None:
    with pytest.raises(UsageError, match="loopback"):
        egress_to(typed, known)


def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(GroundError, match="not known"):
        egress_to("nowhere.example", known)


def test_a_name_is_pinned_to_its_ipv4_addresses_if_it_has_any() -> None:
    assert [str(address) for address in egress_to("two.example", known).pinned] == ["192.0.2.1", "192.0.2.2"]
    assert [str(address) for address in egress_to("six", known).pinned] == ["2001:db8::2"]
    assert egress_to("192.0.2.7", known).pinned == ()
