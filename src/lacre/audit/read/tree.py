"""YAML as a tree that knows its places: built from the parser's events, bounded in depth and number.

An alias is the very node that it names, so that a bomb of aliases costs nothing until somebody walks it;
those who walk (`merged_entries`) are bounded themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from lacre.audit.model import Place
from lacre.audit.read.files import UnreadableError

MAX_DEPTH = 60
MAX_NODES = 200_000
MAX_DOCUMENTS = 100
MAX_MERGED = 500_000
"""Keys that merge keys may bring in, in all: each is cheap, but a hostile file multiplies them."""


@dataclass(slots=True, eq=False)
class Scalar:
    """A text as written, quotes off. `quoted`: it can only be a string."""

    text: str
    place: Place
    quoted: bool = False
    tag: str = ""

    @property
    def null(self) -> bool:
        """`~`, `null` or nothing at all."""
        return not self.quoted and self.text in _NULLS


@dataclass(slots=True, eq=False)
class Sequence:
    """A list."""

    items: list[Node]
    place: Place
    tag: str = ""


@dataclass(slots=True, eq=False)
class Mapping:
    """Keys and values in the order of the file, merge keys (`<<`) worked in. Not a dict: keys have places."""

    entries: dict[str, Entry]
    place: Place
    tag: str = ""
    flow: bool = False  # written in braces
    merges: list[Node] = field(default_factory=list)
    duplicates: list[Scalar] = field(default_factory=list)

    def get(self, key: str) -> Entry | None:
        """The entry of `key`, from this mapping or one that it merges."""
        return self.entries.get(key)


@dataclass(slots=True, eq=False)
class Entry:
    """A key with its value."""

    key: Scalar
    value: Node


Node = Scalar | Sequence | Mapping
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_STRING_TAGS = frozenset({"!", "tag:yaml.org,2002:str", "!!str"})


class _Frame:
    """A collection that is being read."""

    __slots__ = ("key", "node")

    def __init__(self, node: Sequence | Mapping) -> None:
        self.node = node
        self.key: Scalar | None = None

    def put(self, node: Node) -> None:
        """Take the next item, key or value."""
        into = self.node
        if isinstance(into, Sequence):
            into.items.append(node)
            return
        if self.key is None:
            complex_key = not isinstance(node, Scalar)  # a list as a key: valid YAML, never Compose
            self.key = Scalar("", node.place, quoted=True) if complex_key else node  # type: ignore[assignment]
            return
        key, self.key = self.key, None
        if key.text == "<<" and not key.quoted:
            into.merges.append(node)
        elif key.text in into.entries:
            into.duplicates.append(key)
        else:
            into.entries[key.text] = Entry(key, node)


def documents(text: str, file: str) -> list[Node]:
    """The documents of a YAML text, empty ones left out; raises UnreadableError with the place of the mistake."""
    try:
        builder = _Builder(file)
        builder.read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = None if mark is None else _point(file, mark.line, mark.column)
        raise UnreadableError(f"it is no YAML: {error.problem or error.context}", place) from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise UnreadableError(f"it is no YAML: {str(error).splitlines()[0]}") from None
    return builder.roots


def _point(file: str, line: int, column: int) -> Place:
    return Place(file, line + 1, column + 1, line + 1, column + 2)


class _Builder:
    """Makes the documents of one text, event by event."""

    def __init__(self, file: str) -> None:
        self.roots: list[Node] = []
        self._file = file
        self._anchors: dict[str, Node] = {}
        self._stack: list[_Frame] = []
        self._count = 0
        self._merged = 0

    def read(self, text: str) -> None:
        """Read all of `text`. One anchor may be given again, as YAML allows and PyYAML's composer does not."""
        parser = CParser(text)
        while True:
            event: Any = parser.get_event()
            if isinstance(event, ScalarEvent):
                node: Node = self._scalar(event)
                if event.anchor:
                    self._anchors[event.anchor] = node
                self._add(node)
            elif isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._begin(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._add(self._end(event))
            elif isinstance(event, AliasEvent):
                self._add(self._alias(event))
            elif isinstance(event, DocumentStartEvent):
                self._anchors.clear()
            elif isinstance(event, StreamEndEvent):
                return

    def _begin(self, event: Any) -> None:
        place, tag = self._place(event), event.tag or ""
        begun: Mapping | Sequence = (
            Mapping({}, place, tag, flow=bool(event.flow_style))
            if isinstance(event, MappingStartEvent)
            else Sequence([], place, tag)
        )
        if len(self._stack) >= MAX_DEPTH:
            raise UnreadableError(f"it is nested deeper than {MAX_DEPTH}", place)
        if event.anchor:
            self._anchors[event.anchor] = begun
        self._stack.append(_Frame(begun))

    def _end(self, event: Any) -> Node:
        node = self._stack.pop().node
        mark = event.end_mark
        node.place = node.place._replace(end_line=mark.line + 1, end_column=mark.column + 1)
        if isinstance(node, Mapping) and node.merges:
            self._merged += _merge(node)
            if self._merged > MAX_MERGED:
                raise UnreadableError(f"its merge keys bring in more than {MAX_MERGED} keys", node.place)
        return node

    def _alias(self, event: Any) -> Node:
        place = self._place(event)
        named = self._anchors.get(event.anchor)
        if named is None:
            raise UnreadableError(f"the alias *{event.anchor} names nothing", place)
        # A scalar stands where its alias is; a collection keeps its own places.
        return Scalar(named.text, place, named.quoted, named.tag) if isinstance(named, Scalar) else named

    def _scalar(self, event: Any) -> Scalar:
        plain = not event.style  # a tagged one is plain too, and `implicit` would not say so
        begin, end = event.start_mark, event.end_mark
        column = begin.column
        if (event.anchor or event.tag) and plain and begin.line == end.line:
            # the mark stands at the anchor or tag, the reader wants the value
            column = end.column - len(event.value)
        place = Place(self._file, begin.line + 1, column + 1, end.line + 1, end.column + 1)
        tag = event.tag or ""
        return Scalar(event.value, place, not plain or tag in _STRING_TAGS, tag)

    def _place(self, event: Any) -> Place:
        begin, end = event.start_mark, event.end_mark
        return Place(self._file, begin.line + 1, begin.column + 1, end.line + 1, end.column + 1)

    def _add(self, node: Node) -> None:
        self._count += 1
        if self._count > MAX_NODES:
            raise UnreadableError(f"it has more than {MAX_NODES} values", node.place)
        if self._stack:
            self._stack[-1].put(node)
            return
        if not (isinstance(node, Scalar) and node.null):
            self.roots.append(node)
        if len(self.roots) > MAX_DOCUMENTS:
            raise UnreadableError(f"it has more than {MAX_DOCUMENTS} documents", node.place)


def _merge(node: Mapping) -> int:
    """Work the merge keys in: own keys win, then the earlier of the merged mappings. Says how much it cost."""
    cost = 0
    for merged in node.merges:
        for source in merged.items if isinstance(merged, Sequence) else [merged]:
            if not isinstance(source, Mapping):
                raise UnreadableError("a merge key (<<) can only merge mappings", source.place)
            cost += len(source.entries)
            if cost > MAX_MERGED:
                return cost
            for key, entry in list(source.entries.items()):
                node.entries.setdefault(key, entry)
    return cost


def duplicate_keys(root: Node) -> Iterator[Scalar]:
    """Keys that stand twice in one mapping, anywhere below `root`; shared nodes are looked at once."""
    seen: set[int] = set()
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        if isinstance(node, Scalar) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Mapping):
            yield from node.duplicates
            pending.extend(entry.value for entry in node.entries.values())
            pending.extend(node.merges)
        else:
            pending.extend(node.items)
