"""no-new-privileges: set-user-ID programs gain nothing, an exec never adds a capability."""

from __future__ import annotations

from lacre.seal.context import Context
from lacre.seal.model import LeftRefused, Privileges
from lacre.sensor import Executed

NAME = "privileges"

MOST_NAMED = 12


def propose(context: Context) -> Privileges:
    """On, unless a process that was not root was seen to gain another identity by executing a file."""
    used = sorted({fact.path for fact in context.profile.of(Executed) if fact.setid})
    if used:
        return Privileges(
            no_new_privileges=False,
            off=f"the application runs set-ID programs to gain another identity: {', '.join(used)}",
        )
    reason = "set-ID program of the image: under no-new-privileges it runs without its owner's rights"
    idle = sorted(
        path for path, entry in context.image.tree.items() if entry.kind == "file" and entry.mode & 0o6000
    )
    return Privileges(left=tuple(LeftRefused(what=path, reason=reason) for path in idle[:MOST_NAMED]))


def given_up(reason: str) -> Privileges:
    """The application gains privileges in a way that was not seen."""
    return Privileges(no_new_privileges=False, off=reason)
