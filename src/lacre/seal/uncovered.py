"""Mounts taken away because they may break what no refusal explains, and put back where they are missed.

docs/decisions/0007 says why in groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from lacre.seal.context import Context, is_below
from lacre.seal.controls.filesystem import given_up, granted, mounted, without
from lacre.seal.directories import BARE, BREAKS, HIDES, MADE, TEMPORARY
from lacre.seal.model import FileSystem, Grant, LeftRefused, User
from lacre.sensor import Refusal, RefusedBecause

PUT_BACK = "put back: refused without it"
WRITES = "a directory that the application writes to"
_NEITHER = {
    HIDES: "it must write {}, and fails under a tmpfs that hides what the image has there",
    MADE: "it must make {} itself, and fails where a mount is there before it",
    BREAKS: "it must write {}, and fails under a mount there",
}


def uncover(setting: FileSystem, context: Context) -> FileSystem | None:
    """Take the mounts over image content away, or None: a mount can break what no refusal explains.

    All at once: those that were not to blame are put back, what is refused then by `cover_again`, the others by the
    search for the smallest set (`covered`)."""
    hiding = {m.path for m in setting.tmpfs if context.entry(m.path) is not None and m.path not in TEMPORARY}
    return _taken_away(setting, hiding, HIDES)


def unmake(setting: FileSystem, context: Context) -> FileSystem | None:
    """Take the mounts away where the image has nothing: who finds a directory there may not fill it."""
    return _taken_away(setting, {p for p in mounted(setting) if context.entry(p) is None}, MADE)


def unmount(setting: FileSystem) -> FileSystem | None:
    """Take every mount away, /tmp too: from one file system to another nothing can be renamed or linked."""
    return _without(setting, mounted(setting), BREAKS)


def _taken_away(setting: FileSystem, paths: Collection[str], reason: str) -> FileSystem | None:
    return _without(
        setting, set(paths) - {grant.what for grant in setting.grants if grant.reason == PUT_BACK}, reason
    )


def _without(setting: FileSystem, paths: Collection[str], reason: str) -> FileSystem | None:
    if not paths:
        return None
    for path in paths:
        setting = without(setting, path)
    left = (LeftRefused(what=path, reason=reason) for path in sorted(paths))
    return setting.model_copy(update={"left": (*setting.left, *left)})


def as_bare(setting: FileSystem, known: FileSystem) -> FileSystem:
    """A setting without the mounts that another one has taken away."""
    for left in known.left:
        if left.reason in BARE:
            setting = without(setting, left.what)
            setting = setting.model_copy(update={"left": (*setting.left, left)})
    return setting


def covered(
    setting: FileSystem, directory: str, context: Context, user: User, reason: str = WRITES, uid: int = 0
) -> FileSystem:
    """Put a mount back that was taken away."""
    grant = Grant(what=directory, reason=reason)
    setting = granted(setting, directory, context, user, grant, uid)
    there = set(mounted(setting))
    left = tuple(known for known in setting.left if known.what not in there or known.reason not in BARE)
    return setting.model_copy(update={"left": left})


def cover_again(
    setting: FileSystem, refusals: Iterable[Refusal], context: Context, user: User
) -> FileSystem | None:
    """Put the mounts back without which something was refused; None: there are none.

    Where that is all that were taken away, there is no draft between: it fails with them and without them."""
    taken = {left.what: left.reason for left in setting.left if left.reason in BARE}
    refused = {
        directory: refusal
        for refusal in refusals
        if refusal.because is RefusedBecause.READ_ONLY and refusal.writing
        for directory in taken
        if is_below(context.real(refusal.what), directory)
    }
    if not refused:
        return None
    again = setting
    for directory in sorted(refused):
        again = covered(again, directory, context, user, PUT_BACK, refused[directory].uid)
    first = min(refused)
    if taken[first] in {left.reason for left in again.left}:
        return again
    return given_up(setting, _NEITHER[taken[first]].format(context.real(refused[first].what)))
