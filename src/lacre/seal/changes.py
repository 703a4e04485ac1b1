"""What one draft allows differently from another, in a few words: so that a log says what a trial tries."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lacre.seal.model import CONTROLS, ServiceSeal

MOST = 6  # things named one by one


def changes(before: ServiceSeal | None, now: ServiceSeal) -> str:
    """`as root, + CHOWN, - tmpfs /run, filesystem off`; empty where both allow the same, of a first draft the user."""
    if before is None:
        return f"as {_user(now)}"
    said = [f"as {_user(now)}"] * (_user(before) != _user(now))
    said += [
        f"{control} {'off' if getattr(now, control).off else 'on'}"
        for control in CONTROLS
        if bool(getattr(before, control).off) != bool(getattr(now, control).off)
    ]
    off = {control for control in CONTROLS if getattr(before, control).off or getattr(now, control).off}
    had, has = set(_allowed(before, off)), set(_allowed(now, off))
    said += [f"+ {thing}" for thing in sorted(has - had)]
    said += [f"- {thing}" for thing in sorted(had - has)]
    said += [
        f"{limit} {getattr(now.limits, limit) or 'unlimited'}"
        for limit in ("memory", "pids", "cpus", "nofile")
        if getattr(before.limits, limit) != getattr(now.limits, limit)
    ]
    more = [f"and {len(said) - MOST} more"] * (len(said) > MOST)
    return ", ".join([*said[:MOST], *more])


def _user(draft: ServiceSeal) -> str:
    if draft.user.user is None:
        return "root" if draft.user.root else "the image's user"
    return draft.user.user


def _allowed(draft: ServiceSeal, off: Collection[str]) -> Iterator[str]:
    """What a draft allows, but for the controls that are off: there it says nothing."""
    if "capabilities" not in off:
        yield from draft.capabilities.add
    yield from (f"group {group}" for group in draft.user.group_add)
    yield from (f"tmpfs {mount.path}{' exec' if mount.exec else ''}" for mount in draft.filesystem.tmpfs)
    yield from (f"volume {volume.path}" for volume in draft.filesystem.volumes)
    yield from (f"{target} read-only" for target in draft.filesystem.read_only_mounts)
    if "syscalls" not in off:
        yield from (f"system call {name}" for name in draft.syscalls.allowed)
        yield from (f"socket {kind}" for kind in draft.syscalls.sockets or ())
    if draft.limits.init:
        yield "init"
