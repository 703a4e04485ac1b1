"""Opening a port."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "listen",
    "Listen on a new port",
    group=Group.SPYING,
    technique="T1571",
    sign="EPERM from socket(2), bind(2) or listen(2): the filter knows that the application never listens",
    mend="publish only the ports that are meant (ports:), on an internal network where nobody outside must reach it",
    by_design="a server must listen, and neither a filter nor a capability tells one port above 1024 from another",
)
def listen(scene: Scene) -> Sequence[Step]:
    """A port of one's own is a back door for the other containers of the network: a shell, a relay, a file server.

    The attack listens on a free port above 1024 that the kernel chooses, and closes it at once.

    Only a rule inside the container (Landlock) could tell the ports that it may open from others.
    """
    del scene
    return [Step("listen")]
