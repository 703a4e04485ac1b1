"""The accounts of an image, from its /etc/passwd and /etc/group: hostile text, what is odd is passed over."""

from __future__ import annotations

MOST_LINES = 10_000  # of a file that normally has thirty


def primary_groups(passwd: str) -> dict[int, int]:
    """uid → gid, from passwd(5); the first entry of a uid counts, as for getpwuid(3)."""
    found: dict[int, int] = {}
    for fields in _entries(passwd, 7):
        if fields[2].isdecimal() and fields[3].isdecimal():
            found.setdefault(int(fields[2]), int(fields[3]))
    return found


def memberships(passwd: str, group: str) -> dict[int, tuple[int, ...]]:
    """uid → the gids of the groups that list its name, from group(5)."""
    names: dict[str, int] = {}
    for fields in _entries(passwd, 7):
        if fields[2].isdecimal():
            names.setdefault(fields[0], int(fields[2]))
    found: dict[int, set[int]] = {}
    for fields in _entries(group, 4):
        for name in fields[3].split(","):
            if name in names and fields[2].isdecimal():
                found.setdefault(names[name], set()).add(int(fields[2]))
    return {uid: tuple(sorted(gids)) for uid, gids in found.items()}


def names(passwd: str) -> dict[str, int]:
    """Login name → uid."""
    return {fields[0]: int(fields[2]) for fields in reversed(_entries(passwd, 7)) if fields[2].isdecimal()}


def _entries(text: str, fields: int) -> list[list[str]]:
    split = (line.split(":") for line in text.splitlines()[:MOST_LINES])
    return [entry for entry in split if len(entry) == fields]
