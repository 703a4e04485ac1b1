"""Mounts of the base that nobody writes, and who could: the question before one becomes read-only."""

from __future__ import annotations

from lacre.observe import Owner
from lacre.seal.context import Context, is_below
from lacre.seal.model import Capabilities, Privileges, User
from lacre.sensor import Identity, Write

# With one of these root passes by owners and modes, changes them, or becomes whom it likes (capabilities(7))
OVERCOMING = frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "SYS_ADMIN"})


def idle(context: Context) -> list[str]:
    """Writable mounts of the base's own that the baseline never wrote."""
    mounts = [
        m
        for m in context.service.mounts
        if m.kind in {"volume", "bind"} and not m.read_only and not m.inherited
    ]
    if not mounts:
        return []
    written = {context.real(fact.path) for fact in context.profile.of(Write)}
    return sorted(
        mount.target
        for mount in mounts
        if not any(is_below(path, context.real(mount.target)) for path in written)
    )


def unwritable(
    context: Context, user: User, capabilities: Capabilities, privileges: Privileges
) -> frozenset[str]:
    """Idle mounts where nobody in the service could write anyway; what is not known is not among them."""
    if privileges.off or (user.root and (capabilities.off or capabilities.add & OVERCOMING)):
        return frozenset()
    people = _people(context, user)
    found = set()
    for target in idle(context):
        known, start = context.profile.mounted.get(target), context.volume_owners.get(target)
        if not people or known is None or start is None or not known.whole or not known.itself:
            continue
        if _is_external(target, context) or _has_mounts_below(target, context):
            continue
        owners = {start} | known.itself | known.below
        if not any(_could_write(person, owner) for person in people for owner in owners):
            found.add(target)
    return frozenset(found)


def _people(context: Context, user: User) -> list[tuple[int, frozenset[int]]]:
    """Each uid that the service has under the seal, with all groups that it may have."""
    if user.ids is not None:
        ids = {user.ids}
    else:
        ids = {(fact.uid, fact.gid) for fact in context.profile.of(Identity)}
        ids |= {(0, 0)} if user.root else set()
    named = (*user.group_add, *map(str, context.service.config.get("group_add") or ()))
    if not all(name.isdecimal() for name in named):
        return []  # a name that only the image can resolve: unknown
    more = {int(name) for name in named}
    gids = {gid for _, gid in ids} | more
    return [
        (uid, frozenset(gids | set(context.image.memberships.get(uid, ()))))
        for uid in {uid for uid, _ in ids}
    ]


def _could_write(person: tuple[int, frozenset[int]], owner: Owner) -> bool:
    """Whether a user may write, or may let himself write (path_resolution(7), chmod(2))."""
    uid, gids = person
    return uid == owner.uid or bool(owner.mode & (0o020 if owner.gid in gids else 0o002))


def _is_external(target: str, context: Context) -> bool:
    """A volume of somebody else: what it holds in production, no twin shows."""
    return any(
        mount.kind == "volume" and mount.source in context.external_volumes
        for mount in context.service.mounts
        if mount.target == target
    )


def _has_mounts_below(target: str, context: Context) -> bool:
    """The engine could not make the place of a mount below one that is read-only."""
    real = context.real(target)
    return any(is_below(other, real) and other != real for other in context.base_mounts)
