"""From a path that is written to the directory that must be writable, and what kind of directory that is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from lacre.seal.context import ENGINE_PATHS, Context, is_below, parent
from lacre.seal.model import FileSystem, User
from lacre.sensor import Executed, Identity, MappedExecutable, Origin, Write, WriteKind

TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 (hier(7): every program may expect them)


# Directories that are shared by everything in an image: a mount here would hide or free far too much (hier(7))
SHARED = frozenset({
    "/", "/bin", "/boot", "/etc", "/home", "/lib", "/lib32", "/lib64", "/libx32", "/media", "/mnt", "/opt",
    "/sbin", "/srv", "/usr", "/usr/bin", "/usr/include", "/usr/lib", "/usr/libexec", "/usr/local",
    "/usr/local/bin", "/usr/local/etc", "/usr/local/lib", "/usr/local/sbin", "/usr/local/share", "/usr/sbin",
    "/usr/share", "/usr/src", "/var", "/var/lib",
})  # fmt: skip


# Byte code that an interpreter writes beside the program: whoever may write it may replace the program
BYTE_CODE = frozenset({"__pycache__"})


VARIABLE = "/var"  # what changes while a machine runs, whoever owns it (hier(7))
LOGS = "/var/log"  # hier(7)


MAKES_DIRECTORIES = frozenset({"mkdir", "mkdirat"})
# Empty after each boot (hier(7)): what an image has there was left behind when it was built
EMPTIED = ("/run", "/var/run", "/tmp", "/var/tmp", "/dev/shm", "/var/lock")  # noqa: S108
# Gone at each boot, or made anew by who needs it (hier(7))
VANISHING = (*EMPTIED, "/var/cache")


# Why a mount was taken away again
HIDES = "is left read-only: a tmpfs here hides what the image has"
MADE = "is left read-only: a mount here is there before the application makes the directory itself"
BREAKS = "is left as it is in the image: a mount here breaks what no refusal explains"
BARE = frozenset({HIDES, MADE, BREAKS})


MOST_PREPARED = 32  # directories handed empty to the service's uid that get a tmpfs of their own


# Types of file systems that hold nothing of the image: the kernel's own, and tmpfs that the base or the
# application itself mounted
NOT_STORED = frozenset({"cgroup", "cgroup2", "devpts", "devtmpfs", "mqueue", "proc", "sysfs", "tmpfs"})


@dataclass(frozen=True)
class Wanted:
    """One path that the application wants to write to, and who."""

    path: str
    by: str
    phase: str
    uid: int
    inside: bool  # the path itself is the directory to make writable


def observed(context: Context) -> list[Wanted]:
    """Every path of the service's own file system that the baseline wrote, parents before children."""
    wanted = [
        Wanted(fact.path, fact.by, fact.phase, fact.uid, inside=False)
        for fact in context.profile.of(Write)
        if fact.kind is not WriteKind.ATTRIBUTES and fact.filesystem not in NOT_STORED
    ]
    seen = {want.path for want in wanted}
    attributes = {fact.path for fact in context.profile.of(Write) if fact.kind is WriteKind.ATTRIBUTES}
    for path in context.profile.written:
        entry = context.entry(path)
        if any(is_below(target, path) for target in context.base_mounts):
            continue  # the engine made it, to mount something there
        if path not in seen and path not in attributes and (entry is None or entry.kind == "file"):
            wanted.append(Wanted(path, "", "", 0, inside=False))
    return sorted(wanted, key=lambda want: (want.path.count("/"), want.path, want.by, want.phase))


def directory_for(
    want: Wanted, context: Context, user: User, uncovered: frozenset[str]
) -> tuple[str | None, str]:
    """The directory to make writable for a path, or None and why there is none."""
    directory = want.path if want.inside else parent(want.path)
    parts = PurePosixPath(directory).parts
    if not expressible(directory):
        return None, "a name that neither a Compose file nor a docker run line can carry"
    if is_byte_code(want.path):
        return None, "byte code beside the program: whoever may write it may replace the program"
    anchor = directory
    while anchor != "/" and context.entry(anchor) is None:
        anchor = parent(anchor)
    below = parts[len(PurePosixPath(anchor).parts)] if anchor != directory else ""
    deeper = f"{anchor.rstrip('/')}/{below}" if below else None
    refusal = _why_not(anchor, context, user, uncovered)
    if not refusal:
        return anchor, ""
    if deeper is not None and deeper in uncovered:
        return None, f"{deeper} {MADE}"
    if deeper is not None and not is_below(deeper, "/etc"):
        return deeper, ""
    return None, refusal


def bare(setting: FileSystem) -> list[str]:
    """Directories whose mounts were taken away."""
    return [left.what for left in setting.left if left.reason in BARE]


def is_byte_code(path: str) -> bool:
    """Whether a path is a cache of what an interpreter compiled: it goes on without."""
    return bool(BYTE_CODE & set(PurePosixPath(path).parts))


def expressible(path: str) -> bool:
    """Whether a mount can be written for a path: text, and nothing that a tmpfs option string gives a meaning."""
    return path.isprintable() and not set(path) & set(":,")


def _why_not(directory: str, context: Context, user: User, uncovered: frozenset[str]) -> str:
    """Why nothing may be mounted on a directory of the image; empty where it may."""
    return _why_never(directory, context, uncovered) or _why_not_over_content(directory, context, user)


def _why_never(directory: str, context: Context, uncovered: frozenset[str]) -> str:
    if directory in uncovered:
        return f"{directory} {HIDES}"
    if hidden := context.hidden_by(directory):
        return f"a mount there would hide {hidden}, which Compose copies into the container"
    if directory in SHARED:
        return f"{directory} is shared by everything in the image"
    if _programs_below(directory, context):
        return f"the program itself was loaded from {directory}"
    return ""


def _why_not_over_content(directory: str, context: Context, user: User) -> str:
    content = content_of(directory, context)
    if not content:
        return ""
    if is_below(directory, "/etc"):
        return f"{directory} holds configuration of the image"
    uids, changed = _own_uids(context, user) - {0}, _changed(context)
    data = changed if is_below(directory, VARIABLE) else frozenset()
    foreign = [p for p in content if p not in data and (entry := context.entry(p)) and entry.uid not in uids]
    if foreign:
        return f"{directory} holds files of the image that are not the application's own ({foreign[0]})"
    if not any(is_below(path, directory) for path in changed):
        # It is no data: a volume would keep it, and the next image's would never be seen.
        read = f"{directory} holds files of the image that are only read ({content[0]})"
        return f"{read}: a volume would hide those of the next image"
    return ""


def _changed(context: Context) -> frozenset[str]:
    """Files of the image that the baseline changed or took away."""
    kinds = {WriteKind.MODIFY, WriteKind.REMOVE}
    changed = {fact.path for fact in context.profile.of(Write) if fact.kind in kinds}
    return frozenset(changed & context.image.tree.keys())


def may_be_given_away(path: str, context: Context) -> bool:
    """Whether it can be advised to let another user own a path: data, and neither programs nor configuration."""
    if context.is_mounted(path):
        return not any(is_below(path, known) for known in ENGINE_PATHS)
    return path not in SHARED and not is_below(path, "/etc") and not _programs_below(path, context)


def _programs_below(directory: str, context: Context) -> bool:
    return any(is_below(path, directory) for path in context.programs)


def content_of(directory: str, context: Context) -> list[str]:
    """Files of the image below a directory that the baseline opened or changed: a tmpfs would hide them.

    What is changed below /run was left there when the image was built: the application makes it anew."""
    left = _changed(context) if any(is_below(directory, emptied) for emptied in EMPTIED) else frozenset()
    return [path for path in context.content if is_below(path, directory) and path not in left]


def _own_uids(context: Context, user: User) -> set[int]:
    uids = {fact.uid for fact in context.profile.of(Identity)}
    if user.ids is not None:
        uids.add(user.ids[0])
    return uids


def vanishes(directory: str) -> bool:
    """Whether what is there is gone at the next boot anyway, or made anew."""
    return any(is_below(directory, vanishing) for vanishing in VANISHING)


def must_last(directory: str, context: Context) -> bool:
    """Whether files are left there when the service stops: without a seal they are there at the next start."""
    if vanishes(directory):
        return False
    files = {
        fact.path
        for fact in context.profile.of(Write)
        if fact.kind in {WriteKind.CREATE, WriteKind.MODIFY} and fact.syscall not in MAKES_DIRECTORIES
    }
    return any(is_below(path, directory) for path in files & context.profile.lasting)


def holds_logs(directory: str, context: Context, user: User) -> bool:
    """A log grows for months: a tmpfs would be full one day. A volume has the owner of the image's directory."""
    if not is_below(directory, LOGS) or (entry := context.entry(directory)) is None:
        return False
    return user.ids is None or entry.uid == user.ids[0]


def runs_code_from(directory: str, context: Context) -> bool:
    """Whether code made at run time was mapped or executed from here."""
    mapped = {fact.path for fact in context.profile.of(MappedExecutable)}
    mapped |= {fact.path for fact in context.profile.of(Executed) if fact.origin is not Origin.IMAGE}
    return any(is_below(path, directory) and path not in context.image.tree for path in mapped)


def prepared(context: Context, user: User) -> list[str]:
    """Directories that the image hands empty to the service's own unprivileged uid."""
    uids = _own_uids(context, user) - {0}
    found = [
        path
        for path, entry in context.image.tree.items()
        if entry.kind == "directory"
        and entry.uid in uids
        and not context.is_mounted(path)
        and not context.hidden_by(path)
        and not any(is_below(path, directory) for directory in TEMPORARY)
        and not context.children(path)
        and parent(path) != "/home"
        and not is_below(path, "/etc")
    ]
    return sorted(found)[:MOST_PREPARED]
