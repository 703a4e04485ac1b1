"""Settings of the network."""

from __future__ import annotations

from lacre.host.model import Default, Kind, Need, Setting, Severity
from lacre.host.settings.profiles import everywhere

_IP = "kernel Documentation/networking/ip-sysctl.rst"

SETTINGS = (
    Setting(
        id="net.ipv4.ip_forward",
        kind=Kind.SYSCTL,
        key="net/ipv4/ip_forward",
        title="the host is no router",
        why="a host that forwards carries an intruder's packets from one network into another",
        sources=(_IP, "CIS Debian 12: 3.3.1"),
        severity=Severity.LOW,
        wanted=everywhere("0"),
        breaks="the bridges of Docker and Podman, VPNs, virtual machines: containers lose the outside, and published "
        "ports are dead",
        needs=(Need.FORWARDING,),
        default=Default(value="0"),
    ),
)
