"""Owner and mode of one of the engine's files: the one question that most checks of section 3 ask."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from lacre.audit.facts.host import File, Host, Role
from lacre.audit.model import Finding, NotApplicable, Severity, Unknown, Word

_OTHERS_WRITE = 0o002


def owned(host: Host, role: Role, most: int, *, groups: Collection[str] = ("root",)) -> Iterator[Word]:
    """A finding for each file of a role that is not root's, not of one of `groups`, wider than the mode `most`, or
    below a directory in which others may replace it.

    Whom its access list names is one of the others, or of the group where that is one of `groups`.
    """
    found = host.of(role)
    if role in host.unreadable:
        yield Unknown(host.unreadable[role])
    if not found:
        yield host.absent
    elif host.rootless and not found[0].path.startswith(("/etc/", "/usr/", "/lib/")):
        yield NotApplicable("the user of a rootless engine owns its files")
        return
    for file in found:
        if file.uid != 0:
            yield Finding(what=f"{file.path} belongs to {file.owner}", path=file.path)
        if file.gid != 0 and file.group not in groups and str(file.gid) not in groups:
            yield Finding(what=f"{file.path} belongs to the group {file.group}", path=file.path)
        if file.mode & ~most:
            yield _wide(file, most)
        if file.replaced_in:
            yield Finding(
                what=f"{file.path} can be replaced by others, who can write {file.replaced_in}",
                path=file.path,
                do=f"chown root:root {file.replaced_in} && chmod go-w {file.replaced_in}",
            )
        for one in file.named:
            if one.rights & ~(most >> 3 if one.group and one.name in groups else most) & 7:
                yield Finding(
                    what=f"{file.path} has an access list, by which {one} can {_can(one.rights)} it",
                    path=file.path,
                    do=f"setfacl -b {file.path}",
                )


def _can(rights: int) -> str:
    return " and ".join(word for bit, word in ((4, "read"), (2, "write"), (1, "run")) if rights & bit)


def _wide(file: File, most: int) -> Finding:
    everybody = bool(file.mode & _OTHERS_WRITE & ~most)
    wide = ", and everybody can write it" if everybody else ""
    return Finding(
        what=f"{file.path} has the mode {file.mode:o}, more than {most:o}{wide}",
        path=file.path,
        severity=Severity.CRITICAL if everybody else None,
    )
