"""Mends of files that cannot change what the application does: text put in at known places, nothing else touched.

Each new text is read again, and must say the same as before but for what was meant; else the file is left.
"""

from __future__ import annotations

import difflib
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lacre.audit.model import Edit, Found, Scope
from lacre.audit.read.compose import compose_root
from lacre.audit.read.dockerfile import parse
from lacre.audit.read.files import UnreadableError, read_text
from lacre.audit.read.tree import Mapping, Node, Scalar, Sequence
from lacre.errors import UsageError
from lacre.writing import write_atomically

_MAGIC = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd", b"\x1f\x9d", b"\x5d\x00\x00", b"PK")
_MOST_LEAVES = 200_000


@dataclass(frozen=True, slots=True)
class Mended:
    """A file and what it would be. `checks` are those whose findings are gone then."""

    path: Path
    before: str
    after: str
    checks: tuple[str, ...]

    def diff(self) -> str:
        """What changes, as a unified diff."""
        name = str(self.path)
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}",
            f"b/{name}",
        )
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


@dataclass(frozen=True, slots=True)
class Left:
    """A file that is left as it is, although it has something to mend, and why."""

    path: Path
    why: str


def mended(findings: Iterable[Found]) -> Iterator[Mended | Left]:
    """The files that `findings` have edits for, each with all of its edits; nothing is written."""
    by_file: dict[str, list[Found]] = {}
    for found in findings:
        if found.edit is not None:
            by_file.setdefault(found.edit.place.file, []).append(found)
    for name, some in sorted(by_file.items()):
        path = Path(name)
        try:
            before = _exact(path)
        except UnreadableError as error:
            yield Left(path, error.why)
            continue
        fit = [found for found in some if found.edit is not None and _plain(found.edit)]
        edits = sorted({found.edit for found in fit if found.edit is not None}, reverse=True)
        after = before
        for edit in edits:
            after = _put_in(after, edit)
        if after == before:
            if len(fit) < len(some):
                yield Left(path, "what ADD brings in cannot be looked at, or is an archive")
            continue
        if not _same(
            before,
            after,
            name,
            is_compose=fit[0].subject.scope is Scope.SERVICE,
        ):
            yield Left(path, "the mended file would not say the same")
            continue
        yield Mended(path, before, after, tuple(sorted({found.check for found in fit})))


def _exact(path: Path) -> str:
    """The text with its own line ends and byte order mark, as it must be written back."""
    text = read_text(path)
    data = path.read_bytes()
    return "\ufeff" + text if data.startswith(b"\xef\xbb\xbf") else text


def write(change: Mended) -> None:
    """Write a mended file in one step; owner, group and mode stay, and a link's target is written, not the link.

    Raises UsageError where the file is another by now, GroundError where it cannot be written.
    """
    path = change.path.resolve()
    try:
        changed = _exact(path) != change.before
    except (UnreadableError, OSError):
        changed = True
    if changed:
        raise UsageError(f"write {change.path}", "it has changed in the meantime", "run it again")
    write_atomically(path.parent, {path.name: change.after})


def _plain(edit: Edit) -> bool:
    """Whether each path that must be no archive is there, and is none."""
    return all(_no_archive(Path(path)) for path in edit.plain)


def _no_archive(path: Path) -> bool:
    if path.is_dir():
        return True
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return False
    return not head.startswith(_MAGIC) and not _begins_tar(head)


def _begins_tar(head: bytes) -> bool:
    """Whether the builder would take it for a tar: by the checksum of its first header, as old ones have no magic."""
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.TarError:
        return False
    return True


def _put_in(text: str, edit: Edit) -> str:
    """`text` with an edit made; as it was where the place is not what the edit expects."""
    place = edit.place
    lines = text.split("\n")
    mark = 1 if place.line == 1 and text.startswith("\ufeff") else 0
    if place.line != place.end_line or place.line > len(lines):
        return text
    line = lines[place.line - 1]
    begin, end = place.column - 1 + mark, place.end_column - 1 + mark
    new, old = edit.text, line[begin:end]
    if "\n" in new and line[:begin].strip():
        return text  # a block can only be put in at the beginning of a line
    if old[:1] in ("'", '"') and old[:1] == old[-1:]:
        new = f"{old[0]}{new}{old[0]}"
    if line.endswith("\r"):
        new = new.replace("\n", "\r\n")
    lines[place.line - 1] = line[:begin] + new + line[end:]
    return "\n".join(lines)


def _same(before: str, after: str, name: str, *, is_compose: bool) -> bool:
    """Whether a mended file says the same but for logging, or for COPY in ADD's place."""
    try:
        if not is_compose:
            return _instructions(before, name) == _instructions(after, name)
        old, new = (
            dict(_leaves(compose_root(text.removeprefix("\ufeff"), name))) for text in (before, after)
        )
    except (UnreadableError, _TooManyError):
        return False
    return all(old.get(path) == new.get(path) or _meant(path) for path in old.keys() | new.keys())


def _meant(path: tuple[str, ...]) -> bool:
    """Whether a value is one that an edit may change; it may stand in an anchor far from any `logging`."""
    return path[-1] in ("driver", "options") or path[-2:] in (
        ("options", "max-size"),
        ("options", "max-file"),
    )


def _instructions(text: str, name: str) -> list[tuple[str, str, tuple[tuple[str, str], ...], object]]:
    parsed = parse(text.removeprefix("\ufeff"), name)
    return [
        ("COPY" if i.keyword == "ADD" else i.keyword, i.text, i.flags, tuple(h.text for h in i.heredocs))
        for i in parsed.instructions
    ]


class _TooManyError(Exception):
    """A tree whose aliases multiply past what is compared."""


def _leaves(root: Node) -> Iterator[tuple[tuple[str, ...], tuple[str, bool, str]]]:
    """Each value with its path; an alias is walked like what it names, up to a bound."""
    pending: list[tuple[tuple[str, ...], Node]] = [((), root)]
    count = 0
    while pending:
        path, node = pending.pop()
        count += 1
        if count > _MOST_LEAVES or len(path) > 60:
            raise _TooManyError
        if isinstance(node, Scalar):
            yield path, (node.text, node.quoted, node.tag)
        elif isinstance(node, Mapping):
            yield path, ("{}", False, node.tag)
            pending.extend(((*path, key), entry.value) for key, entry in node.entries.items())
        elif isinstance(node, Sequence):
            yield path, ("[]", False, node.tag)
            pending.extend(((*path, str(number)), item) for number, item in enumerate(node.items))
