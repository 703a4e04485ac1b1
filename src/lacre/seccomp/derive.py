"""From the system calls that were observed to the ones that a seal allows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lacre.seccomp.core import CORE
from lacre.seccomp.docker_default import (
    FILTERED,
    allowed_by_default,
    allowed_by_old_default,
    counted,
    unlocking,
)
from lacre.seccomp.families import FAMILIES, closure
from lacre.seccomp.newer import FALLS_BACK
from lacre.seccomp.runtime import RUNTIME
from lacre.seccomp.sockets import call_and_kind, why_socket_refused
from lacre.seccomp.surface import KERNEL_SURFACE, SURFACE
from lacre.seccomp.table import reason_of, row, union

if TYPE_CHECKING:  # the seal stands on these tables, not they on it
    from lacre.seal.model import Margin

_RUNTIME = union(RUNTIME)
_CORE = union(CORE)
REFUSED_BY_DEFAULT = "Docker's default profile refuses it too"


def derive(observed: frozenset[str], margin: Margin, capabilities: frozenset[str]) -> frozenset[str]:
    """The names that a seal allows an application of which these calls were seen.

    Monotone in `observed`, and never wider than Docker's default for a container with these capabilities
    (names without CAP_). What newer engines withdrew (io_uring) is left out even if observed: programs live
    without it there; `mend` gives it back where a refusal turns out to be harmful.
    """
    names = observed | _RUNTIME
    default = allowed_by_default(capabilities)
    match margin.value:
        case "exact":
            names = closure(names)
        case "normal":
            names = closure(names | _CORE)
        case "wide":
            names = closure(names) | default
    return (names & default) - (KERNEL_SURFACE - observed)


def mend(
    allowed: frozenset[str],
    name: str,
    observed: frozenset[str] = frozenset(),
    capabilities: frozenset[str] = frozenset(),
) -> frozenset[str] | None:
    """The least wider set that lets a refused call through; None where no grant may do that.

    None: Docker's default refuses it too, it is kernel surface that the baseline never made, or it is allowed
    already and was refused for its arguments.
    """
    default = allowed_by_old_default(capabilities)
    if name in allowed or name not in default or (name in KERNEL_SURFACE and name not in observed):
        return None
    newer = allowed_by_default(capabilities)
    # what newer engines withdrew comes back whole or not at all: half an io_uring is what nobody falls back from
    family = closure(frozenset({name})) & (newer if name in newer else default)
    return allowed | {name} | (family - (KERNEL_SURFACE - observed))


def why_refused(name: str) -> str:
    """Why `mend` gives no grant for a name (of a socket with its kind), as half a sentence."""
    name, kind = call_and_kind(name)
    if kind:
        return why_socket_refused(kind)
    reason = reason_of(SURFACE, name)
    if name not in allowed_by_old_default(frozenset()):
        # seccomp(2) let the baseline's call through no more than ours: nothing can be said of its use
        only = " or ".join(sorted(unlocking(name)))
        default = f"Docker's default profile allows it only with {only}" if only else REFUSED_BY_DEFAULT
        return f"{default}: {reason}" if reason else default
    if reason:
        return f"kernel surface that the baseline never used: {reason}"
    if name in FALLS_BACK:
        return "answered with ENOSYS, as on a kernel that does not have it"
    if name in FILTERED:
        return "refused for its arguments, as by Docker's default profile"
    return "allowed only where it was observed"


def falls_back(name: str, allowed: frozenset[str]) -> bool:
    """Whether a refusal of this call is answered with ENOSYS, which callers take as "not on this kernel"."""
    return name in FALLS_BACK and name not in allowed


def share_refused(allowed: frozenset[str]) -> float:
    """Of the calls that Docker's default lets a 64-bit program make: the share (0 to 1) refused."""
    default = counted()
    return 1 - len(default & allowed) / len(default)


def why(name: str, observed: frozenset[str] = frozenset()) -> str:
    """Why a name is in a derived set (or would never be), as half a sentence."""
    relatives = next((each for each in FAMILIES if name in each.names), row("", ""))
    kin = relatives.names & observed or relatives.names & (_CORE | _RUNTIME)
    reasons = (
        ("observed", name in observed),
        ("kernel surface: ", reason_of(SURFACE, name)),
        ("needed by the container runtime: ", reason_of(RUNTIME, name)),
        (f"equivalent to {', '.join(sorted(kin))}: ", relatives.names & observed and relatives.reason),
        ("harmless core: ", reason_of(CORE, name)),
        (f"equivalent to {', '.join(sorted(kin))}: ", kin and relatives.reason),
        ("allowed by Docker's default profile", name in allowed_by_old_default(frozenset())),
        ("not known", True),
    )
    return next(f"{head}{tail if isinstance(tail, str) else ''}" for head, tail in reasons if tail)
