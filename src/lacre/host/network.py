"""The network of this host, as far as a setting can break it: bridges, ways out, addresses from routers."""

from __future__ import annotations

from dataclasses import dataclass

from lacre.host.files import Root

_FROM_ROUTER = 0x00040000  # RTF_ADDRCONF, include/uapi/linux/ipv6_route.h
_GATEWAY = 0x0002  # RTF_GATEWAY
_TUNNELS = ("wg", "tun", "tap", "ppp", "tailscale", "vxlan", "flannel", "cali", "cilium", "weave")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkFacts:
    """`bridges` with how many ports each has; `default_routes` are the interfaces that lead outside;
    `tunnels` VPNs and overlays; `from_routers` interfaces with a route that a router advertised.
    """

    bridges: tuple[tuple[str, int], ...] = ()
    default_routes: tuple[str, ...] = ()
    tunnels: tuple[str, ...] = ()
    from_routers: tuple[str, ...] = ()


def network_facts(root: Root) -> NetworkFacts:
    """Reads /sys/class/net and the routes of /proc/net."""
    names = root.names("/sys/class/net")
    return NetworkFacts(
        bridges=tuple(
            (name, len(root.names(f"/sys/class/net/{name}/brif")))
            for name in names
            if root.there(f"/sys/class/net/{name}/bridge")
        ),
        default_routes=_default_routes(root.text("/proc/net/route") or ""),
        tunnels=tuple(name for name in names if name.startswith(_TUNNELS)),
        from_routers=_from_routers(root.text("/proc/net/ipv6_route") or ""),
    )


def _default_routes(text: str) -> tuple[str, ...]:
    found = set()
    for line in text.split("\n")[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == "00000000" and fields[7] == "00000000":
            found.add(fields[0])
    return tuple(sorted(found))


def _from_routers(text: str) -> tuple[str, ...]:
    found = set()
    for line in text.split("\n"):
        fields = line.split()
        if len(fields) == 10 and int(fields[8], 16) & _FROM_ROUTER and int(fields[8], 16) & _GATEWAY:
            found.add(fields[9])
    return tuple(sorted(found))
