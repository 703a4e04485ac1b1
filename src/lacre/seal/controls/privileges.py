"""no-new-privileges: set-user-ID programs gain nothing, an exec never adds a capability."""

from __future__ import annotations

from lacre.seal.context import Context
from lacre.seal.model import Privileges
from lacre.sensor import Executed

NAME = "privileges"


def propose(context: Context) -> Privileges:
    """On, unless a process that was not root was seen to gain another identity by executing a file."""
    used = sorted({fact.path for fact in context.profile.of(Executed) if fact.setid})
    if used:
        return Privileges(
            no_new_privileges=False,
            off=f"the application runs set-ID programs to gain another identity: {', '.join(used)}",
        )
    return Privileges()


def given_up(reason: str) -> Privileges:
    """The application gains privileges in a way that was not seen."""
    return Privileges(no_new_privileges=False, off=reason)
