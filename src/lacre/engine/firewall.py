"""The host's firewall around a twin: what it may reach outside (`--allow-egress`), and nothing else.

Rules go into a chain of the twin's own, called for the twin's bridges alone: from the engine's DOCKER-USER, made for
users' rules (docs.docker.com/engine/network/firewall-iptables); from FORWARD, as moby takes DOCKER-USER out and puts it
in again whenever any network is made, and a connection that gets through then stays; and from INPUT, where packets to
the host itself go. A comment carries the twin's labels, so that whose they are is told as for containers.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from lacre.engine.egress import Egress, Network
from lacre.engine.owner import OWNER_LABEL, TWIN_LABEL
from lacre.engine.process import run
from lacre.errors import EngineError, GroundError

Family = Literal[4, 6]

# The same rules can be kept in two ways, and which one the engine uses its own rules show.
_PROGRAMS: dict[Family, tuple[str, ...]] = {
    4: ("iptables", "iptables-nft", "iptables-legacy"),
    6: ("ip6tables", "ip6tables-nft", "ip6tables-legacy"),
}
_LEGACY = {"iptables-legacy": "/proc/net/ip_tables_names", "ip6tables-legacy": "/proc/net/ip6_tables_names"}
_SECONDS = 30.0
_SETTLE_SECONDS = (
    5.0  # moby takes the jump to DOCKER-USER out and puts it in first again with each new network
)
_POLL_SECONDS = 0.05
_LOCK_SECONDS = "10"
_REJECTED: dict[Family, str] = {4: "icmp-admin-prohibited", 6: "icmp6-adm-prohibited"}
_NEIGHBOURS = ("fe80::/10", "ff00::/8")  # without neighbour discovery there is no IPv6 at all
_JUMPS_TO_USERS = re.compile(r"^-A FORWARD (.* )?-j DOCKER-USER$", re.MULTILINE)
_JUMP = re.compile(
    rf'-A (?P<rule>\S+ .*--comment "?{re.escape(TWIN_LABEL)}=(?P<twin>[0-9a-f]+)'
    rf'(?: {re.escape(OWNER_LABEL)}=(?P<owner>[^"]*))?"? -j (?P<chain>LACRE-(?P=twin)))'
)


@dataclass(frozen=True, slots=True)
class Bridge:
    """A network of a twin on this host: the interface's name, and its subnets of both families."""

    name: str
    subnets: tuple[Network, ...]

    def of(self, family: Family) -> tuple[Network, ...]:
        """Its subnets of one family."""
        return tuple(subnet for subnet in self.subnets if subnet.version == family)


@dataclass(frozen=True, slots=True)
class Standing:
    """The rules of a twin that are in force."""

    twin: str
    owner: str

    @property
    def chain(self) -> str:
        """Where they are."""
        return f"LACRE-{self.twin}"


def rules(whose: Standing, bridges: Sequence[Bridge], allowed: Iterable[Egress], family: Family) -> str:
    """What iptables-restore is given: pure. RETURN leaves a packet to whatever else the host and the engine say."""
    chain = whose.chain
    lines = ["*filter", f":{chain} - [0:0]"]
    lines.append(f"-A {chain} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN")
    own = [str(subnet) for bridge in bridges for subnet in bridge.of(family)]
    lines += [f"-A {chain} -d {subnet} -j RETURN" for subnet in own]
    if family == 6:
        lines += [f"-A {chain} -p ipv6-icmp -d {network} -j RETURN" for network in _NEIGHBOURS]
    for one in allowed:
        for network in one.networks:
            if network.version == family:
                ports = [f" -p {protocol} --dport {one.port}" for protocol in ("tcp", "udp")]
                lines += [
                    f"-A {chain} -d {network}{port} -j RETURN" for port in (ports if one.port else [""])
                ]
    # TCP by a reset: an ICMP error shows a second late
    lines.append(f"-A {chain} -p tcp -j REJECT --reject-with tcp-reset")
    lines.append(f"-A {chain} -j REJECT --reject-with {_REJECTED[family]}")
    comment = f'-m comment --comment "{TWIN_LABEL}={whose.twin} {OWNER_LABEL}={whose.owner}"'
    lines += [
        f"-I {base} 1 -i {bridge.name} {comment} -j {chain}"
        for base in ("DOCKER-USER", "FORWARD", "INPUT")
        for bridge in bridges
        if bridge.of(family)
    ]
    return "\n".join([*lines, "COMMIT", ""])


def put_up(whose: Standing, bridges: Sequence[Bridge], allowed: Sequence[Egress]) -> None:
    """Puts the rules in force, each family's at once or not at all.

    Raises GroundError where they would not hold the twin: then it must not start.
    """
    tried = (
        f"letting a twin reach {', '.join(one.typed for one in allowed)} and nothing else (--allow-egress)"
    )
    families: tuple[Family, ...] = (4, 6)
    for family in families:
        concerned = [bridge for bridge in bridges if bridge.of(family)]
        if not concerned:
            continue
        program = _program(family, concerned, tried)
        said = run(
            [f"{program}-restore", "-w", _LOCK_SECONDS, "--noflush"],
            seconds=_SECONDS,
            stdin=rules(whose, concerned, allowed, family),
        )
        if said.code != 0:
            words = " ".join(said.stderr.split())[:500] or f"exit code {said.code}"
            raise GroundError(tried, f"{program}-restore refused the rules: {words}", _INSTEAD)


_INSTEAD = "leave --allow-egress out, or seal on a host whose engine keeps its rules with iptables"


def _program(family: Family, bridges: Sequence[Bridge], tried: str) -> str:
    """The program that the engine itself uses: its rules name the twin's bridges there."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while True:
        saved = {program: _saved(program) for program in _PROGRAMS[family]}
        engines = [program for program, text in saved.items() if _knows(text, bridges)]
        if found := next((program for program in engines if _JUMPS_TO_USERS.search(saved[program])), ""):
            return found
        if not engines or time.monotonic() > deadline:
            break
        time.sleep(_POLL_SECONDS)
    why = (
        f"no rules of {_PROGRAMS[family][0]} on this host have a chain DOCKER-USER and the twin's networks: the engine "
        "is rootless or remote, has a network namespace of its own, or leaves the firewall alone"
        if any(saved.values())
        else f"{_PROGRAMS[family][0]} is not installed here, or may not be used"
    )
    raise GroundError(tried, why, _INSTEAD)


def _knows(saved: str, bridges: Sequence[Bridge]) -> bool:
    """Whether these are the rules of the engine that made the bridges."""
    named = (re.search(rf" {re.escape(bridge.name)}\s", saved) for bridge in bridges)
    return "\n:DOCKER-USER " in saved and all(named)


def standing() -> tuple[Standing, ...]:
    """All rules of twins on this host, whoever made them."""
    return tuple(
        dict.fromkeys(
            Standing(jump["twin"], jump["owner"] or "")
            for programs in _PROGRAMS.values()
            for program in programs
            for jump in _jumps(_saved(program))
        )
    )


def take_down(twin: str) -> None:
    """Removes exactly the rules of this twin; fine when there are none. Raises EngineError."""
    for programs in _PROGRAMS.values():
        for program in programs:
            jumps = [jump for jump in _jumps(_saved(program)) if jump["twin"] == twin]
            if not jumps:
                continue
            chain = jumps[0]["chain"]
            lines = [
                "*filter",
                *(f"-D {jump['rule']}" for jump in jumps),
                f"-F {chain}",
                f"-X {chain}",
                "COMMIT",
                "",
            ]
            said = run(
                [f"{program}-restore", "-w", _LOCK_SECONDS, "--noflush"],
                seconds=_SECONDS,
                stdin="\n".join(lines),
            )
            if said.code != 0:
                raise EngineError(
                    f"removing the firewall rules of twin {twin}",
                    " ".join(said.stderr.split())[:500],
                    "run `lacre clean` later",
                )


def _jumps(saved: str) -> Iterator[re.Match[str]]:
    return (found for line in saved.splitlines() if (found := _JUMP.fullmatch(line)))


def _saved(program: str) -> str:
    """What `iptables-save` says of the filter table; empty where there is no such program, or it is not allowed."""
    if program in _LEGACY and "filter" not in _text(_LEGACY[program]).split():
        return ""  # to ask would make the table
    try:
        said = run([f"{program}-save", "-t", "filter"], seconds=_SECONDS)
    except OSError:
        return ""
    return said.stdout if said.code == 0 else ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:
        return ""


def bridge_of(network: Mapping[str, object]) -> Bridge | None:
    """The bridge of a network as the engine describes it; None where it is internal, closed by the engine itself."""
    if network.get("Internal"):
        return None
    options, ipam = network.get("Options"), network.get("IPAM")
    named = options.get("com.docker.network.bridge.name") if isinstance(options, dict) else None
    config = ipam.get("Config") if isinstance(ipam, dict) else None
    subnets = [str(entry["Subnet"]) for entry in config or () if entry.get("Subnet")]
    return Bridge(
        str(named or f"br-{str(network['Id'])[:12]}"),
        tuple(ip_network(subnet, strict=False) for subnet in subnets),
    )
