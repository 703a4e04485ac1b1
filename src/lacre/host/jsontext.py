"""JSON as text that people wrote: where each member stands, and how to set one and touch nothing else. Pure.

daemon.json is the user's own file. `json` would give back the same data in another shape, so the values are
replaced, and members added, in the text itself, in the style that it has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_BLANKS = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}
_DEEPEST = 64
_BOM = "\ufeff"
INDENT = "  "


class BrokenJsonError(ValueError):
    """The text is no JSON: why, and where (line and column from 1)."""

    def __init__(self, why: str, text: str, at: int) -> None:
        self.why = why
        self.line = text.count("\n", 0, at) + 1
        self.column = at - (text.rfind("\n", 0, at) + 1) + 1
        super().__init__(f"line {self.line}, column {self.column}: {why}")


@dataclass(frozen=True, slots=True)
class Node:
    """A value: its span in the text, and, if it is an object, its members (the last of equal names, as in Go)."""

    value: Any
    start: int
    end: int
    members: Mapping[str, Node] = field(default_factory=dict)
    keys: Mapping[str, int] = field(default_factory=dict)  # where each name begins
    doubled: tuple[str, ...] = ()


def parse(text: str) -> Node:
    """The whole text as one value; raises BrokenJsonError. Blanks alone count as an empty object at the end."""
    begin = len(_BOM) if text.startswith(_BOM) else 0
    at = _skip(text, begin)
    if at == len(text):
        return Node({}, at, at)
    node = _value(text, at, 0)
    rest = _skip(text, node.end)
    if rest != len(text):
        raise BrokenJsonError("there is more after the end", text, rest)
    return node


def find(node: Node, path: Sequence[str]) -> Node | None:
    """The value at a path of names; None where there is none."""
    for name in path:
        found = node.members.get(name)
        if found is None:
            return None
        node = found
    return node


def line_of(text: str, node: Node, path: Sequence[str]) -> int:
    """The line, from 1, in which the last name of `path` stands; the whole path must be there."""
    at = node.start
    for name in path:
        at = node.keys[name]
        node = node.members[name]
    return text.count("\n", 0, at) + 1


def put(text: str, path: Sequence[str], value: str) -> str:
    """`text` with the JSON `value` at `path`; raises BrokenJsonError, also where something on the way is no object."""
    node = parse(text)
    if node.start == node.end:  # an empty file
        return text[: node.start] + f"{_object(path, value, '', _newline(text))}{_newline(text)}"
    for depth, name in enumerate(path):
        if node.value is None and depth:  # dockerd takes null for an empty object
            return text[: node.start] + _object(path[depth:], value, None, _newline(text)) + text[node.end :]
        if not isinstance(node.value, dict):
            raise BrokenJsonError("this must be an object", text, node.start)
        found = node.members.get(name)
        if found is None:
            return _insert(text, node, path[depth:], value)
        node = found
    return text[: node.start] + value + text[node.end :]


def _insert(text: str, node: Node, path: Sequence[str], value: str) -> str:
    newline = _newline(text)
    if not node.members:
        indent = _indent_before(text, node.start)
        inner = indent + (_unit(text) or INDENT)
        member = _member(path, value, inner, newline)
        return f"{text[: node.start]}{{{newline}{inner}{member}{newline}{indent}}}{text[node.end :]}"
    last = max(node.members, key=lambda name: node.members[name].end)
    end, key = node.members[last].end, node.keys[last]
    before = text[:key].rstrip(" \t")
    if before.endswith(("\n", "\r")):
        indent = text[len(before) : key]
        added = f",{newline}{indent}{_member(path, value, indent, newline)}"
    else:
        added = f", {_member(path, value, None, newline)}"
    return text[:end] + added + text[end:]


def _member(path: Sequence[str], value: str, indent: str | None, newline: str) -> str:
    rest = value if len(path) == 1 else _object(path[1:], value, indent, newline)
    return f"{json.dumps(path[0])}: {rest}"


def _object(path: Sequence[str], value: str, indent: str | None, newline: str) -> str:
    if indent is None:
        return f"{{{_member(path, value, None, newline)}}}"
    inner = indent + ("\t" if indent.startswith("\t") else INDENT)
    return f"{{{newline}{inner}{_member(path, value, inner, newline)}{newline}{indent}}}"


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent_before(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at].removeprefix(_BOM)
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """The blanks before the first indented line: how far the writer indents."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else ""


def _skip(text: str, at: int) -> int:
    found = _BLANKS.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > _DEEPEST:
        raise BrokenJsonError("it is nested too deeply", text, at)
    first = text[at : at + 1]
    if first == "{":
        return _read_object(text, at, depth)
    if first == "[":
        return _read_array(text, at, depth)
    if first == '"':
        found = _STRING.match(text, at)
        if found is None:
            raise BrokenJsonError("this text has no end, or a character that must be escaped", text, at)
        return Node(json.loads(found[0]), at, found.end())
    for word, value in _WORDS.items():
        if text.startswith(word, at):
            return Node(value, at, at + len(word))
    number = _NUMBER.match(text, at)
    if number is None:
        raise BrokenJsonError("the file ends here" if not first else "a value is missing here", text, at)
    return Node(json.loads(number[0]), at, number.end())


def _read_object(text: str, start: int, depth: int) -> Node:
    value: dict[str, Any] = {}
    members: dict[str, Node] = {}
    keys: dict[str, int] = {}
    doubled: list[str] = []
    at = _skip(text, start + 1)
    if text.startswith("}", at):
        return Node({}, start, at + 1)
    while True:
        name = _STRING.match(text, at)
        if name is None:
            raise BrokenJsonError(
                "the file ends here" if at == len(text) else 'a name in "" is missing here', text, at
            )
        colon = _skip(text, name.end())
        if not text.startswith(":", colon):
            raise BrokenJsonError("a : is missing here", text, colon)
        node = _value(text, _skip(text, colon + 1), depth + 1)
        key = json.loads(name[0])
        if key in members:
            doubled.append(key)
        members[key], keys[key], value[key] = node, at, node.value
        at = _skip(text, node.end)
        if text.startswith("}", at):
            return Node(value, start, at + 1, members, keys, tuple(doubled))
        if not text.startswith(",", at):
            raise BrokenJsonError("a , or } is missing here", text, at)
        at = _skip(text, at + 1)


def _read_array(text: str, start: int, depth: int) -> Node:
    value: list[Any] = []
    at = _skip(text, start + 1)
    if text.startswith("]", at):
        return Node(value, start, at + 1)
    while True:
        node = _value(text, at, depth + 1)
        value.append(node.value)
        at = _skip(text, node.end)
        if text.startswith("]", at):
            return Node(value, start, at + 1)
        if not text.startswith(",", at):
            raise BrokenJsonError("a , or ] is missing here", text, at)
        at = _skip(text, at + 1)


def compact(value: Any) -> str:
    """A value as compact JSON, the form in which values are compared."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True)
