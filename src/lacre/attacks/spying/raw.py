"""Raw sockets."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "raw-socket",
    "Forge packets with a raw socket",
    group=Group.SPYING,
    technique="T1095",
    control="capabilities",
    sign="EPERM from socket(2): no NET_RAW",
    mend="cap_drop: [ALL]",
)
def raw_socket(scene: Scene) -> Sequence[Step]:
    """With raw sockets a container forges addresses, tunnels through pings and poisons its neighbours' name service.

    The attack opens one and closes it; nothing is sent or received.

    Docker gives NET_RAW to every container that starts as root; without the capability the kernel refuses.
    """
    del scene
    return [Step("raw")]
