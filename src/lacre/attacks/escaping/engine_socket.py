"""The engine's socket."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Nothing, Scene, Step, attack


@attack(
    "engine-socket",
    "Speak to the container engine",
    group=Group.ESCAPING,
    technique="T1610",
    control="user",
    sign="EACCES from connect(2): the socket belongs to root and the engine's group",
    mend=(
        "do not mount the engine's socket; if it must be, put a proxy before it that lets the needed "
        "questions through only"
    ),
)
def engine_socket(scene: Scene) -> Sequence[Step] | Nothing:
    """Whoever may speak to the engine starts a privileged container with the host's root directory in it:
    the socket inside a container is root on the host, read-only mount or not.

    The attack connects to each socket of an engine that is mounted into the container and asks it
    `/_ping`, the question that changes nothing. A twin is given the socket only with `--allow-host
    socket`; without one there is nothing to attack.

    Only the permissions of the socket stop it: another user than root, outside the engine's group.
    """
    if not scene.engine_sockets:
        return Nothing("no engine's socket is mounted into the container")
    return [Step("engine-socket", (path,)) for path in scene.engine_sockets]
