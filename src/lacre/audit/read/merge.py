"""How a Compose file is laid over another: what replaces, what adds up, what `!reset` and `!override` do.

Source: the Compose specification's merge chapter, and what docker compose 2.40 printed for pairs of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lacre.audit.read.tree import Entry, Mapping, Node, Scalar, Sequence

KEYED_LISTS = frozenset({"environment", "labels", "annotations", "sysctls", "args", "options"})
"""`KEY=value` lists that may be written as mappings too."""

NAME_LISTS = frozenset({"networks", "depends_on"})
"""Lists of names that may be written as mappings too."""

REPLACED = frozenset({"command", "entrypoint", "test"})
"""Lists that an override replaces as a whole."""

BY_TARGET = frozenset({"volumes", "secrets", "configs"})
"""Lists whose entries are told apart by where they are mounted."""

RESET = "!reset"

LISTED = "!listed"
"""The tag of a key that stood in a list: Compose puts variables into it, as it does not into a mapping's keys."""

_DEEPEST = 12


def as_mapping(node: Node, key: str) -> Node:
    """A list that may stand for a mapping, as one; anything else as it is."""
    if not isinstance(node, Sequence):
        return node
    if key in KEYED_LISTS:
        entries = {}
        for item in node.items:
            if isinstance(item, Scalar):
                name, equals, value = _pair(item.text)
                entries[name] = Entry(
                    Scalar(name, item.place, quoted=True, tag=LISTED),
                    Scalar(value, item.place, quoted=bool(equals)),
                )
        return Mapping(entries, node.place, node.tag)
    if key in NAME_LISTS:
        names = [item for item in node.items if isinstance(item, Scalar)]
        listed = (Scalar(n.text, n.place, n.quoted, LISTED) for n in names)
        return Mapping({n.text: Entry(n, Scalar("", n.place)) for n in listed}, node.place, node.tag)
    return node


def _pair(text: str) -> tuple[str, str, str]:
    """`KEY=value` taken apart; what stands in `${…}` is no end of the key."""
    if "${" not in text:
        return text.partition("=")
    for at, character, within in _variables(text):
        if character == "=" and not within:
            return text[:at], "=", text[at + 1 :]
    return text, "", ""


def _variables(text: str) -> Iterator[tuple[int, str, bool]]:
    """Each character with its place, and whether it stands in `${…}`; the brace that ends it does not."""
    depth = 0
    for at, character in enumerate(text):
        if character == "{" and text[at - 1 : at] == "$":
            depth += 1
        elif character == "}" and depth:
            depth -= 1
        yield at, character, depth > 0


def mounted_at(node: Node) -> str | None:
    """The target of a volume, secret or config, in any of its spellings; None where that cannot be told."""
    if isinstance(node, Mapping):
        entry = node.get("target") or node.get("source")
        return entry.value.text if entry and isinstance(entry.value, Scalar) else None
    if isinstance(node, Scalar):
        parts = split_volume(node.text)
        return parts[1] if len(parts) > 1 else parts[0]
    return None


def split_volume(text: str) -> list[str]:
    """`source:target:options` taken apart; colons in `${…}` and after a drive letter do not count."""
    parts: list[str] = [""]
    for at, character, within in _variables(text):
        drive = len(parts[-1]) == 1 and parts[-1].isalpha() and text[at + 1 : at + 2] in ("\\", "/")
        if character == ":" and not within and not drive:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def laid_over(base: Node, over: Node, key: str = "", depth: int = 0) -> Node:
    """`over` laid over `base`, both values of `key`. Neither is changed."""
    if over.tag == "!override" or depth > _DEEPEST:
        return over
    base, over = as_mapping(base, key), as_mapping(over, key)
    if isinstance(base, Mapping) and isinstance(over, Mapping):
        return _mappings(base, over, depth)
    lists = isinstance(base, Sequence) or isinstance(over, Sequence)
    if lists and key not in REPLACED:
        first, second = _items(base), _items(over)
        if first is None or second is None:
            return over
        return Sequence(_union(first, second, by_target=key in BY_TARGET), over.place, over.tag)
    if isinstance(over, Scalar) and over.null and not isinstance(base, Scalar):
        return base  # `key:` alone says nothing
    return over


def _mappings(base: Mapping, over: Mapping, depth: int) -> Mapping:
    entries = dict(base.entries)
    for name, entry in over.entries.items():
        if entry.value.tag == RESET:
            entries.pop(name, None)
            continue
        before = entries.get(name)
        value = entry.value if before is None else laid_over(before.value, entry.value, name, depth + 1)
        whole = before is not None and isinstance(value, Mapping)
        entries[name] = Entry(before.key if before and whole else entry.key, value)
    return Mapping(entries, over.place, over.tag)


def _items(node: Node) -> list[Node] | None:
    """A list, or one value that stands for a list of one."""
    if isinstance(node, Sequence):
        return node.items
    if isinstance(node, Scalar):
        return [] if node.null else [node]
    return None


def _union(first: list[Node], second: list[Node], *, by_target: bool) -> list[Node]:
    if by_target:
        return list(_last_by_target([*first, *second]))
    seen = {item.text for item in first if isinstance(item, Scalar)}
    return [*first, *(item for item in second if not isinstance(item, Scalar) or item.text not in seen)]


def _last_by_target(items: Iterable[Node]) -> Iterable[Node]:
    kept: dict[object, Node] = {}
    for number, item in enumerate(items):
        target = mounted_at(item)
        kept[("", number) if target is None else target.rstrip("/")] = item
    return kept.values()
