"""no-new-privileges: set-user-ID programs gain nothing, an exec never adds a capability."""

from __future__ import annotations

from lacre.seal.context import Context
from lacre.seal.model import Capabilities, Privileges, User
from lacre.seal.prove import ServiceOutcome
from lacre.sensor import Executed, RefusedBecause

NAME = "privileges"


def propose() -> Privileges:
    """On: what a set-ID program gains is often not missed, and only a trial tells."""
    return Privileges()


def gaining(context: Context) -> frozenset[str]:
    """Programs by which a process that was not root gained another identity in the baseline."""
    return frozenset(fact.path for fact in context.profile.of(Executed) if fact.setid)


def mend(
    setting: Privileges, outcome: ServiceOutcome, context: Context, user: User, capabilities: Capabilities
) -> Privileges:
    """Off where such a program was refused something, or did not do what it did without the seal.

    A capability that a root service may yet get is not counted: only another trial tells whether that was all.
    """
    if setting.off:
        return setting
    programs = gaining(context)
    refused = [
        f"{r.by} is refused {r.what or r.syscall}"
        for r in outcome.refusals
        if r.by in programs
        and not (user.root and r.because is RefusedBecause.CAPABILITY and r.what not in capabilities.add)
    ]
    missed = [*refused, *outcome.ungained]
    if not missed:
        return setting
    named = ", ".join(sorted(programs))
    reason = f"the application runs set-ID programs to gain another identity ({named}): {missed[0]}"
    return Privileges(no_new_privileges=False, off=reason)


def given_up(reason: str) -> Privileges:
    """The application gains privileges in a way that was not seen."""
    return Privileges(no_new_privileges=False, off=reason, guessed=True)
