"""Variables in Compose files and Dockerfiles, and the `.env` file.

The environment of the process is never read: an audit says the same wherever it runs. What only the
environment could say stays in the text as `${NAME}`, and its name is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_INSIDE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(:?[-+?])?")
_BRACE = re.compile(r"[{}]")
MAX_NESTING = 10
MAX_LENGTH = 1 << 16


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its variables put in. `unset`: names that nothing says; they stay as `${NAME}`."""

    text: str
    unset: tuple[str, ...] = ()


def fill(text: str, values: Mapping[str, str], *, escape: str = "$") -> Filled:
    """`text` with `$X`, `${X}`, `${X:-default}` and the like put in, as Compose and BuildKit do.

    `escape` is the character that makes a dollar plain: `$` in Compose, `\\` (or the directive's) elsewhere.
    What is malformed stays as it is. A default counts as the value: that is what runs when nobody says more.
    """
    if "$" not in text:
        return Filled(text)
    unset: list[str] = []
    filled = _fill(text, values, escape, unset, 0)
    return Filled(filled[:MAX_LENGTH], tuple(dict.fromkeys(unset)))


def _fill(text: str, values: Mapping[str, str], escape: str, unset: list[str], depth: int) -> str:
    if depth > MAX_NESTING:
        return text
    closing = _braces(text)
    out: list[str] = []
    size = at = 0
    while True:
        dollar = text.find("$", at)
        if dollar < 0 or size > MAX_LENGTH:
            out.append(text[at:])
            return "".join(out)
        if escape != "$" and dollar > at and text[dollar - 1] == escape:
            out.append(text[at : dollar - 1] + "$")
            at = dollar + 1
            continue
        out.append(text[at:dollar])
        if escape == "$" and text.startswith("$$", dollar):
            out.append("$")
            at = dollar + 2
            continue
        named = _NAME.match(text, dollar + 1)
        end = closing.get(dollar + 1, -1)
        if named:
            piece, at = _value(named[0], values, unset), named.end()
        elif end < 0:
            piece, at = "$", dollar + 1
        else:
            inside = text[dollar + 2 : end]
            piece = _braced(inside, values, unset, lambda word: _fill(word, values, escape, unset, depth + 1))
            at = end + 1
        out.append(piece)
        size += len(piece)


def _braced(inside: str, values: Mapping[str, str], unset: list[str], filled: Callable[[str], str]) -> str:
    """The value of `${inside}`; what is malformed stays as it is."""
    found = _INSIDE.match(inside)
    if not found:
        return f"${{{inside}}}"
    name, operator, word = found[1], found[2] or "", inside[found.end() :]
    if not operator:
        return f"${{{inside}}}" if word else _value(name, values, unset)
    there = name in values and (values[name] != "" or ":" not in operator)
    if operator[-1] == "-":
        return values[name] if there else filled(word)
    if operator[-1] == "+":
        return filled(word) if there else ""
    return values[name] if there else _value(name, {}, unset)


def _value(name: str, values: Mapping[str, str], unset: list[str]) -> str:
    if name in values:
        return values[name]
    unset.append(name)
    return f"${{{name}}}"


def _braces(text: str) -> dict[int, int]:
    """Where each brace that is opened closes: one pass, whatever is nested in what."""
    closing: dict[int, int] = {}
    pending: list[int] = []
    for found in _BRACE.finditer(text):
        if found[0] == "{":
            pending.append(found.start())
        elif pending:
            closing[pending.pop()] = found.start()
    return closing


_LINE = re.compile(r"^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*[=:]\s*(.*)$")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def dotenv(text: str) -> dict[str, str]:
    """The variables of a `.env` file; lines that are none are passed over.

    Quoted values may run over lines; single quotes keep dollars; ` #` begins a comment after a bare value.
    """
    values: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        if line.lstrip().startswith("#"):
            continue
        found = _LINE.match(line)
        if not found:
            continue
        name, rest = found[1], found[2]
        quote = rest[:1]
        if quote in ("'", '"'):
            value, closed = _quoted(rest[1:], quote)
            while not closed:
                more = next(lines, None)
                if more is None:
                    break
                tail, closed = _quoted(more, quote)
                value += "\n" + tail
            values[name] = value if quote == "'" else fill(value, values).text
        else:
            bare = re.split(r"\s#", rest, maxsplit=1)[0].rstrip()
            values[name] = fill(bare, values).text
    return values


def raw(text: str) -> dict[str, str]:
    """The variables of a file that Compose is told to take as it is (`format: raw`): no quotes, no variables in it."""
    lines = (line.lstrip() for line in text.splitlines())
    pairs = (line.partition("=") for line in lines if not line.startswith("#"))
    return {name: value for name, equals, value in pairs if equals}


def _quoted(text: str, quote: str) -> tuple[str, bool]:
    out: list[str] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character == "\\" and quote == '"' and at + 1 < len(text):
            out.append(_ESCAPES.get(text[at + 1], text[at + 1]))
            at += 2
            continue
        if character == quote:
            return "".join(out), True
        out.append(character)
        at += 1
    return "".join(out), False
