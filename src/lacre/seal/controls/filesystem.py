"""Read-only root, and for each write the smallest directory that stays writable.

A tmpfs for what may vanish, a named volume for what must last; never over program files of the image.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import replace

from lacre.engine import Entry
from lacre.seal.context import Context, is_below, parent
from lacre.seal.directories import (
    MOST_PREPARED,
    TEMPORARY,
    Wanted,
    bare,
    content_of,
    directory_for,
    expressible,
    holds_logs,
    must_last,
    observed,
    prepared,
    runs_code_from,
    vanishes,
)
from lacre.seal.model import FileSystem, Grant, LeftRefused, Margin, NamedVolume, Tmpfs, User
from lacre.sensor import (
    Refusal,
    RefusedBecause,
    Write,
)  # fmt: skip

NAME = "filesystem"

MIB = 1024 * 1024
TMPFS_SIZE = 64 * MIB  # the least, whatever was seen
TEMPORARY_SIZE = 256 * MIB  # /tmp and /var/tmp: uploads and sorts that no short exercise shows
MOST_SIZE = 4096 * MIB  # tmpfs is memory: what fills more is not temporary data

# What lets root past owners and modes (capabilities(7))
OVERRIDING = frozenset({"DAC_OVERRIDE", "DAC_READ_SEARCH"})
NEVER_WRITTEN = "read-only: never written, and nobody in the service could"


def propose(context: Context, user: User) -> FileSystem:
    """The narrowest grants for all writes of the baseline."""
    refused = context.read_only_refused
    setting = FileSystem(read_only=not refused, off=refused)
    for directory in TEMPORARY:
        entry = context.entry(directory)
        free = not context.is_mounted(directory) and not context.hidden_by(directory)
        if entry is not None and entry.kind == "directory" and free:
            reason = "temporary files: uploads and sorts need it, which an exercise seldom shows"
            setting = _with_tmpfs(setting, directory, context, user, Grant(what=directory, reason=reason), 0)
    if context.margin is not Margin.EXACT:
        for directory in prepared(context, user):
            reason = "the image hands it empty to the service's own user: made to be written, if only later"
            grant = Grant(what=directory, reason=reason)
            owner = context.image.tree[directory].uid  # who will write there
            # A queue, a store of uploads: no short exercise leaves anything there.
            lasts = not vanishes(directory)
            setting = granted(setting, directory, context, user, grant, owner, lasts=lasts)
    return _allow(setting, observed(context), context, user)


def mend(setting: FileSystem, refusals: Iterable[Refusal], context: Context, user: User) -> FileSystem:
    """Grant refused writes, enlarge what was full, allow executable memory where it was refused."""
    refusals = tuple(refusals)
    setting = _reopened(setting, refusals, context)
    wanted = []
    for refusal in refusals:
        if refusal.because is RefusedBecause.FULL:
            setting = _enlarged(setting, refusal)
        elif refusal.because is RefusedBecause.NO_EXEC:
            setting = _executable(setting, refusal)
        elif refusal.because in {RefusedBecause.READ_ONLY, RefusedBecause.PERMISSION} and refusal.writing:
            wanted.append(Wanted(refusal.what, refusal.by, refusal.phase, refusal.uid, inside=False))
    return _allow(setting, wanted, context, user)


def mend_questions(
    setting: FileSystem, refusals: Iterable[Refusal], context: Context, user: User
) -> FileSystem:
    """A phase failed: what was only asked, or changed nothing (a chown to the same owner), may be the reason."""
    refusals = tuple(refusals)
    setting = _reopened(setting, refusals, context, guessed=True)
    wanted = []
    for refusal in refusals:
        if refusal.because is not RefusedBecause.READ_ONLY:
            continue
        entry = context.entry(refusal.what)
        wanted.append(
            Wanted(refusal.what, refusal.by, refusal.phase, refusal.uid,
                    inside=entry is not None and entry.kind == "directory")
        )  # fmt: skip
    return _allow(setting, wanted, context, user, guessed=True)


def closed(setting: FileSystem, targets: Collection[str]) -> FileSystem:
    """Mounts of the base turned read-only (`lacre.seal.mounts` says which may be)."""
    new = sorted(set(targets) - set(setting.read_only_mounts))
    grants = (Grant(what=target, reason=NEVER_WRITTEN) for target in new)
    return setting.model_copy(
        update={
            "read_only_mounts": tuple(sorted({*setting.read_only_mounts, *new})),
            "grants": (*(grant for grant in setting.grants if grant.what not in new), *grants),
        }
    )


def opened(setting: FileSystem, targets: Collection[str]) -> FileSystem:
    """Mounts of the base writable again, as the base has them."""
    return setting.model_copy(
        update={
            "read_only_mounts": tuple(t for t in setting.read_only_mounts if t not in targets),
            "grants": tuple(
                grant
                for grant in setting.grants
                if grant.what not in targets or grant.reason != NEVER_WRITTEN
            ),
        }
    )


def _reopened(
    setting: FileSystem, refusals: Iterable[Refusal], context: Context, *, guessed: bool = False
) -> FileSystem:
    """Without the read-only mounts on which something was refused."""
    for refusal in refusals:
        if refusal.because is not RefusedBecause.READ_ONLY:
            continue
        for target in setting.read_only_mounts:
            if is_below(context.real(refusal.what), context.real(target)):
                reason = f"{_verb(guessed)} {refusal.what}"
                grant = Grant(what=target, reason=reason, by=refusal.by, phase=refusal.phase, guessed=guessed)
                setting = opened(setting, {target})
                setting = setting.model_copy(update={"grants": (*setting.grants, grant)})
    return setting


def without(setting: FileSystem, directory: str) -> FileSystem:
    """The setting without one of its directories."""
    return setting.model_copy(
        update={
            "tmpfs": tuple(mount for mount in setting.tmpfs if mount.path != directory),
            "volumes": tuple(volume for volume in setting.volumes if volume.path != directory),
            "grants": tuple(grant for grant in setting.grants if grant.what != directory),
        }
    )


def kept(setting: FileSystem, context: Context) -> FileSystem | None:
    """Turn the tmpfs mounts that hold application files into named volumes, which outlive a restart."""
    written = {fact.path for fact in context.profile.of(Write)}
    lasting = [
        mount
        for mount in setting.tmpfs
        if not vanishes(mount.path) and any(is_below(path, mount.path) for path in written)
    ]
    if not lasting:
        return None
    for mount in lasting:
        grants = tuple(
            grant.model_copy(update={"reason": f"{grant.reason}; must outlive a restart"})
            if grant.what == mount.path else grant
            for grant in setting.grants
        )  # fmt: skip
        setting = setting.model_copy(
            update={
                "tmpfs": tuple(m for m in setting.tmpfs if m != mount),
                "volumes": (
                    *setting.volumes,
                    NamedVolume(path=mount.path, name=_volume_name(setting, context, mount.path)),
                ),
                "grants": grants,
            }
        )
    return setting


def given_up(setting: FileSystem, reason: str) -> FileSystem:
    """Writable root, for an application that writes where nothing may be granted. The mounts stay."""
    return setting.model_copy(update={"read_only": False, "off": reason})


def restored(setting: FileSystem) -> FileSystem:
    """Read-only again."""
    return setting.model_copy(update={"read_only": True, "off": ""})


def why_left(refusal: Refusal, context: Context, user: User) -> str:
    """Why a refused write gets no grant."""
    path = context.real(refusal.what)
    want = Wanted(path, refusal.by, refusal.phase, refusal.uid, inside=False)
    return directory_for(want, context, user, frozenset())[1] or "every phase works without it"


# ---- from a write to a grant ----------------------------------------------------------------------------


def _allow(
    setting: FileSystem, wanted: Iterable[Wanted], context: Context, user: User, *, guessed: bool = False
) -> FileSystem:
    for asked in wanted:
        want = replace(asked, path=context.real(asked.path))
        if context.is_mounted(want.path) or _is_granted(setting, want):
            continue
        uncovered = frozenset(bare(setting))
        directory, refusal = directory_for(want, context, user, uncovered)
        if directory is None:
            left = LeftRefused(what=want.path, reason=refusal, by=want.by, phase=want.phase)
            if all(known.what != left.what for known in setting.left):
                setting = setting.model_copy(update={"left": (*setting.left, left)})
            continue
        reason = f"{_verb(guessed)} {want.path}"
        grant = Grant(what=directory, reason=reason, by=want.by, phase=want.phase, guessed=guessed)
        setting = granted(setting, directory, context, user, grant, want.uid)
    return setting


def _verb(guessed: bool) -> str:
    return "a phase failed that had asked for" if guessed else "writes"


def granted(
    setting: FileSystem,
    directory: str,
    context: Context,
    user: User,
    grant: Grant,
    uid: int,
    *,
    lasts: bool = False,
) -> FileSystem:
    """Add a directory as what it must be: a named volume for what must last, else a tmpfs.

    A volume has the owner of the image's directory: where that is not the service's user, it could not write.
    """
    foreign = not _may_write_a_volume(directory, context, user, uid)
    lasts = lasts or must_last(directory, context) or holds_logs(directory, context, user)
    if not content_of(directory, context) and (foreign or not lasts):
        return _with_tmpfs(setting, directory, context, user, grant, uid)
    if any(volume.path == directory for volume in setting.volumes):
        return setting
    # A fresh volume has the image's directories, with their owners.
    for nested in mounted(setting):
        below = nested != directory and is_below(nested, directory)
        if below and _may_write_a_volume(nested, context, user, uid):
            setting = without(setting, nested)
    volume = NamedVolume(path=directory, name=_volume_name(setting, context, directory))
    return setting.model_copy(
        update={"volumes": (*setting.volumes, volume), "grants": (*setting.grants, grant)}
    )


def _may_write_a_volume(directory: str, context: Context, user: User, uid: int) -> bool:
    """A fresh volume belongs to the owner of the image's directory, to root where there is none."""
    if user.root:
        return True
    entry = context.entry(directory)
    own = user.ids[0] if user.ids is not None else uid
    return entry is not None and (entry.uid == own or bool(entry.mode & 0o002))


def mounted(setting: FileSystem) -> list[str]:
    """The directories that it mounts something on."""
    return [mount.path for mount in setting.tmpfs] + [volume.path for volume in setting.volumes]


def _is_granted(setting: FileSystem, want: Wanted) -> bool:
    directory = want.path if want.inside else parent(want.path)
    return any(is_below(directory, mount) for mount in mounted(setting))


def _volume_name(setting: FileSystem, context: Context, directory: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", directory.lower()).strip("-")
    name = f"{context.service.name}-{slug}"
    if name in context.taken_volumes or any(volume.name == name for volume in setting.volumes):
        return f"{name}-{hashlib.sha256(directory.encode()).hexdigest()[:6]}"
    return name


# ---- tmpfs mounts ---------------------------------------------------------------------------------------


def _with_tmpfs(
    setting: FileSystem, directory: str, context: Context, user: User, grant: Grant, uid: int
) -> FileSystem:
    """Add a tmpfs, and one for each prepared subdirectory that it would hide and that the service may need."""
    if not expressible(directory) or any(mount.path == directory for mount in setting.tmpfs):
        return setting
    mounts = [_tmpfs(directory, context, user, uid)]
    for path in sorted(context.children(directory)):
        entry = context.entry(path)
        hidden = all(known.path != path for known in setting.tmpfs)
        usable = expressible(path) and not context.is_mounted(path) and not context.hidden_by(path)
        if entry is None or entry.kind != "directory":
            continue
        if hidden and usable and _may_be_written(path, entry, context, user):
            mounts.append(_tmpfs(path, context, user, entry.uid))
    if len(mounts) > MOST_PREPARED:
        mounts = mounts[:1]
    nested = tuple(
        Grant(what=mount.path, reason=f"prepared by the image below {directory}, which a tmpfs hides")
        for mount in mounts[1:]
    )
    return setting.model_copy(
        update={"tmpfs": (*setting.tmpfs, *mounts), "grants": (*setting.grants, grant, *nested)}
    )


def _may_be_written(directory: str, entry: Entry, context: Context, user: User) -> bool:
    """Whether a service under this user may need a directory of the image: another's would be made its own."""
    own = entry.uid == user.ids[0] if user.ids is not None else entry.uid != 0
    if user.root or entry.mode & 0o022 or own:
        return True
    return any(is_below(context.real(fact.path), directory) for fact in context.profile.of(Write))


def _tmpfs(directory: str, context: Context, user: User, uid: int) -> Tmpfs:
    entry = context.entry(directory)
    mode = entry.mode & 0o3777 if entry is not None else 0o755
    owner, group = (entry.uid, entry.gid) if entry is not None else (uid, uid)
    if not mode & 0o002:
        if user.ids is not None:
            owner, group = user.ids
        elif not user.root and uid:
            owner = uid
        elif user.root and (writer := _only_writer(directory, context)) is not None:
            # root without DAC_OVERRIDE may not write what belongs to somebody else
            owner, group = writer, context.image.accounts.get(writer, writer)
    size = TEMPORARY_SIZE if directory in TEMPORARY else TMPFS_SIZE
    size = max(size, 4 * sum(n for path, n in context.profile.sizes.items() if is_below(path, directory)))
    return Tmpfs(
        path=directory, size=_rounded(size), mode=mode, uid=owner, gid=group,
        exec=runs_code_from(directory, context),
    )  # fmt: skip


def _only_writer(directory: str, context: Context) -> int | None:
    """The uid that alone made entries directly in a directory; None: nobody did, or several."""
    writers = {fact.uid for fact in context.profile.of(Write) if parent(context.real(fact.path)) == directory}
    return writers.pop() if len(writers) == 1 else None


def _rounded(size: int) -> int:
    return -(-size // MIB) * MIB


def _enlarged(setting: FileSystem, refusal: Refusal) -> FileSystem:
    full = _mount_of(setting, refusal.what)
    if full is None or full.size * 4 > MOST_SIZE:
        return setting
    larger = full.model_copy(update={"size": full.size * 4})
    return setting.model_copy(update={"tmpfs": tuple(larger if m == full else m for m in setting.tmpfs)})


def _executable(setting: FileSystem, refusal: Refusal) -> FileSystem:
    mount = _mount_of(setting, refusal.what)
    if mount is None or mount.exec:
        return setting
    grant = Grant(
        what=f"{mount.path} (exec)", reason=f"maps {refusal.what} as code", by=refusal.by, phase=refusal.phase
    )
    return setting.model_copy(
        update={
            "tmpfs": tuple(m.model_copy(update={"exec": True}) if m == mount else m for m in setting.tmpfs),
            "grants": (*setting.grants, grant),
        }
    )


def _mount_of(setting: FileSystem, path: str) -> Tmpfs | None:
    mounts = [mount for mount in setting.tmpfs if is_below(path, mount.path)]
    return max(mounts, key=lambda mount: len(mount.path), default=None)
