"""The kernel's keyrings."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "keyring",
    "Use the kernel's keyrings",
    group=Group.ESCAPING,
    technique="T1552",
    control="syscalls",
    sign="EPERM from add_key(2) and keyctl(2): the filter",
    mend="set the seal's filter: `security_opt: [seccomp=...]`",
)
def keyring(scene: Scene) -> Sequence[Step]:
    """Keyrings are not namespaced by container: all containers whose processes have the same uid share
    one, with the tickets and keys that somebody may have left there. The code has a history of holes.

    A key of one byte is added to the keyring of the attack's own process, which ends with it; then the
    number of the user's keyring is asked for. No key is read.

    Only a filter stops it; Docker's own does too.
    """
    del scene
    return [Step("keyring")]
