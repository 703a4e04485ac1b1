"""Dockerfiles as BuildKit reads them, each piece with its place.

Source of the rules: the Dockerfile reference, and BuildKit's `frontend/dockerfile/parser` (line continuation,
comments inside it, here-documents). Tolerant where BuildKit refuses: an unknown instruction becomes a note.
"""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass, field

from lacre.audit.model import Place
from lacre.audit.read.files import UnreadableError

KEYWORDS = frozenset(
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER",
        "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    }
)  # fmt: skip
MAX_INSTRUCTIONS = 20_000

_DIRECTIVE = re.compile(r"^#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$")
_COMMENT = re.compile(r"^\s*#")
_WORD = re.compile(r"\s*(\S+)\s*")
_FLAG = re.compile(r"--([A-Za-z][\w-]*)(?:=((?:\"[^\"]*\"|'[^']*'|\S)*))?(?:\s+|$)")
_SHELL_WORD = re.compile(r"""(?:[^\s'"\\]|\\.|'[^']*'|"(?:\\.|[^"\\])*")+""", re.DOTALL)
_HEREDOC = re.compile(r"""\d*<<(-?)(['"]?)([^\s<'"]+)\2""")
_WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})


@dataclass(frozen=True, slots=True)
class Heredoc:
    """A here-document: its text, and the line (from 1) where that begins."""

    name: str
    text: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction. `text` is what follows keyword and flags, continuation lines joined.

    `json`: the words of the exec form, None in the shell form. `onbuild`: it waits behind ONBUILD.
    """

    keyword: str
    text: str
    place: Place
    flags: tuple[tuple[str, str], ...] = ()
    json: tuple[str, ...] | None = None
    heredocs: tuple[Heredoc, ...] = ()
    onbuild: bool = False
    _starts: tuple[int, ...] = field(default=(), repr=False)
    _marks: tuple[tuple[int, int], ...] = field(default=(), repr=False)

    def flag(self, name: str) -> str | None:
        """The value of `--name=value`; empty for a bare `--name`, None without it."""
        return next((value for flag, value in self.flags if flag == name), None)

    def at(self, begin: int, end: int) -> Place:
        """The place of `text[begin:end]`."""
        line, column = self._mark(begin)
        end_line, end_column = self._mark(max(begin, end - 1))
        return Place(self.place.file, line, column, end_line, end_column + 1)

    def _mark(self, offset: int) -> tuple[int, int]:
        if not self._starts:
            return self.place.line, self.place.column
        number = max(0, bisect.bisect_right(self._starts, offset) - 1)
        line, column = self._marks[number]
        return line, column + offset - self._starts[number]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed Dockerfile."""

    file: str
    instructions: tuple[Instruction, ...]
    directives: dict[str, str]
    notes: tuple[str, ...] = ()


def parse(text: str, file: str) -> Dockerfile:
    """The instructions of a Dockerfile. Raises UnreadableError where there is no FROM."""
    lines = text.split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    directives, at = _directives(lines)
    escape = directives.get("escape", "\\")
    escape = escape if escape in ("\\", "`") else "\\"
    continues = re.compile(rf"(?:^|(?<!{re.escape(escape)})){re.escape(escape)}[ \t]*$")
    notes: list[str] = []
    strange: list[tuple[int, str]] = []
    made: list[Instruction] = []
    while at < len(lines):
        if not lines[at].strip() or _COMMENT.match(lines[at]):
            at += 1
            continue
        begin = at
        joined, at = _joined(lines, at, continues)
        keyword = (_WORD.match(joined.text) or [""])[0].strip().upper() if joined.text.strip() else ""
        if not keyword:
            continue
        words = joined.text.split(None, 2)
        inner = words[1].upper() if keyword == "ONBUILD" and len(words) > 1 else keyword
        heredocs: tuple[Heredoc, ...] = ()
        if inner in _WITH_HEREDOC and "<<" in joined.text:
            heredocs, at, unclosed = _heredocs(joined.text, lines, at)
            if unclosed:
                notes.append(f"line {begin + 1}: the here-document {unclosed} does not end")
        if keyword not in KEYWORDS:
            strange.append((begin + 1, keyword[:40]))
            continue
        made.append(_instruction(joined, keyword, heredocs, file))
        if len(made) > MAX_INSTRUCTIONS:
            raise UnreadableError(f"it has more than {MAX_INSTRUCTIONS} instructions")
    if strange:
        number, word = strange[0]
        more = f", nor are {len(strange) - 1} more" if len(strange) > 1 else ""
        notes.append(
            f"line {number}: {word} is no instruction{more}: the builder refuses it, unless it is a template"
        )
    if not any(instruction.keyword == "FROM" for instruction in made):
        raise UnreadableError("it has no FROM, so it is no Dockerfile")
    return Dockerfile(file, tuple(made), directives, tuple(notes))


def _directives(lines: list[str]) -> tuple[dict[str, str], int]:
    """The parser directives at the very top, and the first line after them."""
    found: dict[str, str] = {}
    for number, line in enumerate(lines):
        match = _DIRECTIVE.match(line)
        if not match or match[1].lower() in found:
            return found, number
        found[match[1].lower()] = match[2]
    return found, len(lines)


@dataclass(slots=True)
class _Joined:
    """A logical line: `starts[n]` is the offset in `text` of the piece that stands at `marks[n]`."""

    text: str
    starts: list[int]
    marks: list[tuple[int, int]]
    last: tuple[int, int]


def _joined(lines: list[str], at: int, continues: re.Pattern[str]) -> tuple[_Joined, int]:
    pieces: list[str] = []
    starts: list[int] = []
    marks: list[tuple[int, int]] = []
    size = 0
    last = (at + 1, 1)
    while at < len(lines):
        line = lines[at]
        if pieces and (not line.strip() or _COMMENT.match(line)):
            at += 1  # inside a continuation, empty lines and comments are passed over
            continue
        cut = continues.search(line)
        piece = line[: cut.start()] if cut else line
        starts.append(size)
        marks.append((at + 1, 1))
        pieces.append(piece)
        size += len(piece)
        last = (at + 1, len(piece.rstrip()) + 1)
        at += 1
        if not cut:
            break
    return _Joined("".join(pieces), starts, marks, last), at


def _heredocs(text: str, lines: list[str], at: int) -> tuple[tuple[Heredoc, ...], int, str]:
    made = []
    for word in _SHELL_WORD.finditer(text):
        found = _HEREDOC.fullmatch(word[0])
        if found is None:
            continue
        dash, name = found[1], found[3]
        begin = at
        body = []
        while at < len(lines):
            line = lines[at].lstrip("\t") if dash else lines[at]
            at += 1
            if line == name:
                break
            body.append(line)
        else:
            made.append(Heredoc(name, "\n".join(body), begin + 1))
            return tuple(made), at, name
        made.append(Heredoc(name, "\n".join(body), begin + 1))
    return tuple(made), at, ""


def _instruction(joined: _Joined, keyword: str, heredocs: tuple[Heredoc, ...], file: str) -> Instruction:
    text = joined.text
    first = len(text) - len(text.lstrip())
    found = _WORD.match(text)
    offset = found.end() if found else len(text)
    onbuild = keyword == "ONBUILD"
    if onbuild:
        found = _WORD.match(text, offset)
        if found and found[1].upper() in KEYWORDS:
            keyword, offset = found[1].upper(), found.end()
    flags = []
    while keyword not in ("ENV", "LABEL", "MAINTAINER") and (flag := _FLAG.match(text, offset)):
        flags.append((flag[1].lower(), (flag[2] or "").strip("'\"")))
        offset = flag.end()
    rest = text[offset:]
    line, column = joined.marks[0]
    starts, marks = _shifted(joined, offset)
    return Instruction(
        keyword=keyword,
        text=rest.rstrip(),
        place=Place(file, line, column + first, *joined.last),
        flags=tuple(flags),
        json=_words_of_json(rest),
        heredocs=heredocs,
        onbuild=onbuild,
        _starts=starts,
        _marks=marks,
    )


def _shifted(joined: _Joined, offset: int) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    """The pieces counted from `offset` on."""
    number = max(0, bisect.bisect_right(joined.starts, offset) - 1)
    line, column = joined.marks[number]
    starts = [0, *(start - offset for start in joined.starts[number + 1 :])]
    marks = [(line, column + offset - joined.starts[number]), *joined.marks[number + 1 :]]
    return tuple(starts), tuple(marks)


def _words_of_json(text: str) -> tuple[str, ...] | None:
    if not text.lstrip().startswith("["):
        return None
    try:
        words = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return tuple(words) if isinstance(words, list) and all(isinstance(word, str) for word in words) else None
