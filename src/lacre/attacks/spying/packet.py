"""Packet sockets."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "packet-socket",
    "Listen to the network with a packet socket",
    group=Group.SPYING,
    technique="T1040",
    control="capabilities",
    sign="EPERM from socket(2): no NET_RAW; EAFNOSUPPORT: the filter of a seal, before anybody asks for it",
    mend="cap_drop: [ALL]",
)
def packet_socket(scene: Scene) -> Sequence[Step]:
    """A packet socket sees what the network card sees, and sends frames that no firewall of the container checks.

    That is how neighbours' traffic is drawn to oneself (ARP spoofing). The attack opens one, bound to no protocol,
    and closes it; nothing is sent or received.

    Without NET_RAW the kernel refuses it. Docker gives that to every container that starts as root.
    """
    del scene
    return [Step("packet")]
