"""Who the application runs as: the uid that it ends up with, from the very start, where it can be.

Docker gives no capability to a container that starts under a non-root `user:`, so this control is fixed in
an outer loop of the prove loop: each candidate gets a fresh draft of all other controls.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import PurePosixPath

from lacre.observe import Phase
from lacre.seal.context import Context, is_below, parent
from lacre.seal.directories import NOT_STORED, may_be_given_away
from lacre.seal.model import Grant, User
from lacre.sensor import (
    Executed,
    Fact,
    Identity,
    Listening,
    Opened,
    Peer,
    Refusal,
    RefusedBecause,
    Write,
)

NAME = "user"
ROOT = "root"  # what the grant of root is called

_GIVEN_AWAY = "where {} is given to another user (chown in the image, or on the host), it needs no root"
UNPRIVILEGED = 65532  # the uid that distroless images call nonroot: owns nothing in ordinary images
_STARTING = {Phase.START, Phase.SECOND_START, Phase.RECREATED_START}


def candidates(context: Context) -> list[User]:
    """All users worth trying, strictest first; the last one is what the base has."""
    own = _configured_user(context)
    if own not in {"", "0", "root"}:
        return [User(user=None, root=False)]
    as_it_was = User(user=None, root=True)
    found = [_as_user(context, uid, gid, "the application runs as this user after its start")
             for uid, gid in _working_ids(context)]  # fmt: skip
    if found:
        return [*found, as_it_was]
    if owned := _written_mount_of_root(context):
        reason = f"it writes to {owned}, a mount that belongs to root; {_GIVEN_AWAY.format(owned)}"
        return [because(as_it_was, reason)]
    return [*_for_root_all_along(context), as_it_was]


def because(candidate: User, reason: str) -> User:
    """A candidate, root, and why it has to be."""
    return candidate.model_copy(update={"grants": (Grant(what=ROOT, reason=reason),)})


def why_another(setting: User, refusal: Refusal, context: Context) -> str:
    """What makes a user who is not root unfit, in words."""
    who = f"as {setting.user or refusal.uid}"
    if refusal.because is RefusedBecause.CAPABILITY:
        return f"{who} {refusal.by} lacks {refusal.what}, and only root can have it"
    if not refusal.writing:
        return f"{who} {refusal.by} may not use {refusal.what}"
    said = f"{who} {refusal.by} may not write {refusal.what}"
    path = context.real(refusal.what)
    owned = path if context.entry(path) is not None else parent(path)
    return f"{said}; {_GIVEN_AWAY.format(owned)}" if may_be_given_away(owned, context) else said


def propose(user: User) -> User:
    """Name the evidence for a candidate."""
    if user.root and not user.grants:
        reason = "the main process starts as root: no other user was found under which the exercise passes"
        return user.model_copy(update={"grants": (Grant(what=ROOT, reason=reason),)})
    return user


def mend(setting: User, refusals: Iterable[Refusal], context: Context, *, guessed: bool = False) -> User:
    """Add the group whose members may pass a directory or read a file that was refused (never root's)."""
    if setting.root:
        return setting
    verb = "a phase failed that may use" if guessed else "may use"
    groups = dict.fromkeys(setting.group_add)
    grants = list(setting.grants)
    for refusal in refusals:
        if refusal.because is not RefusedBecause.PERMISSION:
            continue
        group = _helping_group(refusal, setting, context)
        if group and str(group) not in groups:
            groups[str(group)] = None
            grants.append(
                Grant(
                    what=f"group {group}",
                    reason=f"{verb} {refusal.what}",
                    by=refusal.by,
                    phase=refusal.phase,
                    guessed=guessed,
                )
            )
    return setting.model_copy(update={"group_add": tuple(groups), "grants": tuple(grants)})


def without(setting: User, grants: Collection[str]) -> User:
    """The setting without the groups that these grants ("group 4") added."""
    gone = {grant.removeprefix("group ") for grant in grants if grant.startswith("group ")}
    return setting.model_copy(
        update={
            "group_add": tuple(group for group in setting.group_add if group not in gone),
            "grants": tuple(grant for grant in setting.grants if grant.what not in grants),
        }
    )


def _helping_group(refusal: Refusal, setting: User, context: Context) -> int:
    """The group of the first component of a refused path that lets its group do what it refuses others; or 0."""
    uid = setting.ids[0] if setting.ids is not None else refusal.uid
    directory = context.real(parent(refusal.what))
    file = context.real(f"{directory}/{PurePosixPath(refusal.what).name}")
    way = (directory, file) if parent(file) != directory else (file,)
    for component in (
        c for path in way for c in (*reversed(PurePosixPath(path).parents), PurePosixPath(path))
    ):
        entry = context.entry(str(component))
        if entry is None or entry.uid == uid:
            continue
        needed = 0o1 if entry.kind == "directory" else (0o2 if refusal.writing else 0o4)
        if not entry.mode & needed:
            return entry.gid if entry.mode & needed << 3 else 0
    return 0


def _configured_user(context: Context) -> str:
    user = context.service.user if context.service.user is not None else context.image.user
    return user.partition(":")[0]


def _working_ids(context: Context) -> list[tuple[int, int]]:
    """Unprivileged ids under which work is done, the busiest first."""
    weight: Counter[int] = Counter()
    groups: dict[int, Counter[int]] = {}
    for fact in context.profile.facts:
        if not isinstance(fact, Fact) or fact.uid == 0:
            continue
        if isinstance(fact, Identity):
            groups.setdefault(fact.uid, Counter())[fact.gid] += 1
            weight[fact.uid] += 1
        elif isinstance(fact, Listening | Peer | Write):
            weight[fact.uid] += 5
        elif isinstance(fact, Opened | Executed) and fact.phase not in _STARTING:
            weight[fact.uid] += 1
    known = [uid for uid, _ in weight.most_common() if uid in groups]
    # a helper that drops its privileges for a moment (apt's _apt, man) is not who the application is
    strong = [uid for uid in known if weight[uid] * 4 >= weight[known[0]]]
    return [(uid, _unprivileged_gid(context, uid, groups[uid])) for uid in strong[:2]]


def _unprivileged_gid(context: Context, uid: int, groups: Counter[int]) -> int:
    """The group seen most with a uid; group 0 only where the image's passwd says so."""
    for gid, _ in groups.most_common():
        if gid != 0:
            return gid
    return context.image.accounts.get(uid) or uid


def _for_root_all_along(context: Context) -> list[User]:
    """A service that is root from beginning to end: who owns what it writes, or anybody if nobody does."""
    owners: Counter[tuple[int, int]] = Counter()
    for fact in context.profile.of(Write):
        if (mount := _mount_of(fact, context)) is not None:
            owners[context.volume_owners[mount].uid, context.volume_owners[mount].gid] += 1
        elif fact.filesystem not in NOT_STORED:
            owners[_owner_above(context, context.real(fact.path))] += 1
    found = [owner for owner, _ in owners.most_common() if owner[0]]
    if found:
        reason = "it is root all along, but what it writes belongs to this user"
        accounts = context.image.accounts
        return [_as_user(context, uid, accounts.get(uid, gid), reason) for uid, gid in found[:2]]
    uid = next((u for u in sorted(context.image.accounts) if 1000 <= u < 60000), UNPRIVILEGED)
    reason = "it is root all along, but nothing that it writes belongs to root's own volumes"
    return [_as_user(context, uid, context.image.accounts.get(uid, uid), reason)]


def _mount_of(fact: Write, context: Context) -> str | None:
    return next((t for t in context.volume_owners if is_below(fact.path, context.real(t))), None)


def _written_mount_of_root(context: Context) -> str:
    """A mount of root's that is written to, which nobody else could; or nothing."""
    mounts = {mount for fact in context.profile.of(Write) if (mount := _mount_of(fact, context)) is not None}
    return min((mount for mount in mounts if context.volume_owners[mount].uid == 0), default="")


def _owner_above(context: Context, path: str) -> tuple[int, int]:
    """Who owns the nearest directory of the image above a path: uid and gid."""
    while (entry := context.entry(path := parent(path))) is None:
        if path == "/":
            return 0, 0
    return entry.uid, entry.gid


def _as_user(context: Context, uid: int, gid: int, reason: str) -> User:
    groups = tuple(str(g) for g in sorted(set(context.image.memberships.get(uid, ())) - {gid}))
    text = f"{uid}:{gid}"
    return User(user=text, group_add=groups, root=False, grants=(Grant(what=text, reason=reason),))
