"""Protocol families that hardly any server uses."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack

# As the kernel's sources register them: the name in /proc/net/protocols, and family, type and protocol of a
# socket (address_families(7)). XDP wants NET_RAW, which Docker gives to root; the others want nothing.
_FAMILIES = {
    "AF_VSOCK": "40:1:0",  # to the hypervisor
    "ALG": "38:5:0",  # the kernel's cryptography
    "AX25": "3:2:0",
    "CAN_BCM": "29:2:2",
    "CAN_RAW": "29:3:1",
    "DCCP": "2:6:33",
    "DDP": "5:2:0",  # AppleTalk
    "IPX": "4:2:0",
    "KCM": "41:5:0",
    "L2CAP": "31:5:0",  # Bluetooth
    "NETROM": "6:5:0",
    "QIPCRTR": "42:2:0",
    "RDS": "21:5:0",
    "ROSE": "11:5:0",
    "SCTP": "2:5:132",
    "SMC": "43:1:0",
    "TIPC": "30:5:0",
    "X25": "9:5:0",
    "XDP": "44:3:0",
}


@attack(
    "rare-families",
    "Open a socket of a rare protocol family",
    group=Group.KERNEL,
    technique="T1068",
    control="syscalls",
    sign=(
        "EAFNOSUPPORT or EPROTONOSUPPORT from socket(2): the filter looks at family and protocol, and answers as"
        " a kernel without them; EPERM: Docker's own filter, or the kernel without NET_RAW (XDP)"
    ),
    mend="set the seal's filter: `security_opt: [seccomp=...]`; keep the module off the host (modprobe.d)",
)
def rare_families(scene: Scene) -> Sequence[Step] | Nothing:
    """Old and rare protocols are code that few people look at and everybody can reach: many a hole of the kernel was
    found there. AF_VSOCK speaks to the hypervisor, past every network.

    A socket of each rare family that this kernel has registered is opened until one opens; nothing is bound, connected
    or sent. A family that is not registered is not tried: the host would load its module for the attack.

    Only a filter on the family stops it: a seal lets those sockets through that were made when it was observed, and the
    ordinary ones. Docker's own refuses AF_VSOCK since release 23 and AF_ALG since 29.
    """
    families = [socket for name, socket in _FAMILIES.items() if name in scene.protocols]
    if not families:
        return Nothing("this kernel has no rare protocol loaded, and to try one would load its module")
    return [Step("family", tuple(families))]
