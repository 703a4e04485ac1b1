"""Which line of which file decides about a sysctl at the next start: the rules of systemd-sysctl, pure.

sysctl.d(5) and systemd 252's and 257's own behaviour (a test compares with the real program): the files of all
directories in the order of their names; of two with the same name the one in the earlier directory counts and
masks the other. A later assignment of a key replaces an earlier one. A key with a glob is for the keys that
nobody names exactly; of two globs the later one wins. A key without `=` behind a `-` takes it out of the globs.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lacre.host.model import Place

DIRECTORIES = ("/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d")
"""Those of systemd, the first that has a name masks the others. /lib/sysctl.d is the last one's old name."""

_GLOB = frozenset("*?[")
_END_OF_LINE = re.compile("\r\n|\n\r|[\n\r\0]")  # what systemd's read_line() takes for one


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line; `value` None takes the key out of globs."""

    key: str
    value: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Bad:
    """A line that no program understands."""

    place: Place
    text: str


def normalised(key: str) -> str:
    """A key as a path below /proc/sys: with the first separator a dot, dots and slashes change places."""
    first = next((character for character in key if character in "./"), "")
    if first == ".":
        key = key.translate({ord("."): "/", ord("/"): "."})
    # The program joins it to /proc/sys, and looks keys up in that short form.
    return "/".join(part for part in key.split("/") if part not in ("", "."))


def parse(file: str, text: str) -> tuple[tuple[Assignment, ...], tuple[Bad, ...]]:
    """The lines of one file."""
    lines: list[Assignment] = []
    bad: list[Bad] = []
    for number, raw in enumerate(_END_OF_LINE.split(text), 1):
        line = raw.strip(" \t\r")
        if not line or line[0] in "#;":
            continue
        place = Place(file, number)
        left, equals, right = line.partition("=")
        if not equals and not left.startswith("-"):
            bad.append(Bad(place, line))
            continue
        key = normalised(left.removeprefix("-").strip(" \t\r"))
        lines.append(Assignment(key, right.strip(" \t\r") if equals else None, place))
    return tuple(lines), tuple(bad)


def in_order(names: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The files that count, in the order in which they are read; `names` are those in each directory."""
    chosen: dict[str, str] = {}
    for directory in DIRECTORIES:
        for name in names.get(directory, ()):
            if name.endswith(".conf") and not name.startswith("."):
                chosen.setdefault(name, f"{directory}/{name}")
    # The program compares bytes, and so must this.
    return tuple(chosen[name] for name in sorted(chosen, key=lambda n: n.encode("utf-8", "surrogateescape")))


class Order:
    """All assignments together."""

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        self._kept: dict[str, Assignment] = {}
        self.all = tuple(assignments)
        for one in self.all:
            before = self._kept.get(one.key)
            if before is not None and before.value == one.value:
                continue  # the same again: it keeps its turn among the globs
            self._kept.pop(one.key, None)
            self._kept[one.key] = one

    def decides(self, key: str) -> Assignment | None:
        """The line that gives `key` its value; None where none does."""
        exact = self._kept.get(key)
        if exact is not None and not _is_glob(key):
            return exact if exact.value is not None else None
        last = None
        for pattern, one in self._kept.items():
            if one.value is not None and _is_glob(pattern) and matches(pattern, key):
                last = one
        return last


def matches(pattern: str, key: str) -> bool:
    """glob(7): a `*` never matches a `/`, nor a dot that begins a name."""
    parts, names = pattern.split("/"), key.split("/")
    return len(parts) == len(names) and all(
        fnmatch.fnmatchcase(name, part) and not (name.startswith(".") and not part.startswith("."))
        for part, name in zip(parts, names, strict=True)
    )


def _is_glob(key: str) -> bool:
    return not _GLOB.isdisjoint(key)


def plain(value: str) -> str:
    """A value with single blanks between its parts: the kernel prints tabs, people write blanks."""
    return " ".join(value.split())
