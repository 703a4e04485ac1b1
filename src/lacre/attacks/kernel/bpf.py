"""Programs in the kernel."""

from __future__ import annotations

from collections.abc import Sequence

from lacre.attacks.model import Group, Scene, Step, attack


@attack(
    "bpf",
    "Load a BPF program",
    group=Group.KERNEL,
    technique="T1068",
    control="syscalls",
    sign=(
        "EPERM from bpf(2): the filter, and the kernel without BPF or SYS_ADMIN where "
        "kernel.unprivileged_bpf_disabled is not 0"
    ),
    mend="set the seal's filter: `security_opt: [seccomp=...]`; drop `cap_add: [BPF]` and `[SYS_ADMIN]`",
)
def bpf(scene: Scene) -> Sequence[Step]:
    """BPF programs run in the kernel. With the right capabilities they watch and change everything on the
    host; without, the verifier that should keep them harmless has been the way in again and again.

    A map of one entry is made, and a socket filter of two instructions loaded that is attached to
    nothing. Both end with the process.

    The seal's filter does not have the call. Most kernels want a capability for it too.
    """
    del scene
    return [Step("bpf")]
