"""What stands at a place of a service's node, whatever its spelling: texts filled in, lists, and pairs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lacre.audit.facts.service import Variable
from lacre.audit.facts.text import Text
from lacre.audit.read.compose import Context, ServiceNode
from lacre.audit.read.merge import LISTED, RESET, as_mapping
from lacre.audit.read.tree import Entry, Mapping, Node, Scalar, Sequence
from lacre.audit.read.variables import fill

_MANY = 10_000  # items of one list that are looked at; no service has as many


class Pieces:
    """The node of one service, asked by the keys that lead from it to a place."""

    def __init__(self, found: ServiceNode) -> None:
        self.found = found
        self.context: Context = found.context

    def text(self, node: Node | None, path: str) -> Text | None:
        """What a node says that stands at `path`; None: no text stands there."""
        if not isinstance(node, Scalar) or node.null:
            return None
        filled = fill(node.text, self.context.values)
        return Text(filled.text, node.place, path, node.text, filled.unset)

    def value(self, *keys: str) -> Text | None:
        """The text at `keys`, from the service down."""
        return self.text(self.find(*keys), ".".join(keys))

    def find(self, *keys: str) -> Node | None:
        """The node at `keys`, from the service down."""
        node: Node | None = self.found.node
        for key in keys:
            entry = node.get(key) if isinstance(node, Mapping) else None
            node = None if entry is None or entry.value.tag == RESET else entry.value
        return node

    def texts(self, *keys: str) -> tuple[Text, ...]:
        """A list of texts, or one text that stands for a list of one."""
        return tuple(self._texts(self.find(*keys), ".".join(keys)))

    def _texts(self, node: Node | None, path: str) -> Iterator[Text]:
        if isinstance(node, Sequence):
            for number, item in enumerate(node.items[:_MANY]):
                text = self.text(item, f"{path}[{number}]")
                if text is not None:
                    yield text
        else:
            text = self.text(node, path)
            if text is not None:
                yield text

    def variables(self, *keys: str) -> tuple[Variable, ...]:
        """`KEY: value` pairs, or a list of `KEY=value`."""
        node = self.find(*keys)
        return () if node is None else self._variables(as_mapping(node, keys[-1]), ".".join(keys))

    def _variables(self, node: Node, path: str) -> tuple[Variable, ...]:
        if not isinstance(node, Mapping):
            return ()
        made = []
        for name, entry in node.entries.items():
            value = entry.value
            if value.tag == RESET:
                continue
            if entry.key.tag == LISTED and "$" in name:
                made.append(self._listed(entry, path))
                continue
            where = f"{path}.{name}"
            if isinstance(value, Mapping):  # ulimits: {nofile: {soft: …, hard: …}}
                value = next((e.value for e in value.entries.values()), value)
            empty = isinstance(value, Scalar) and value.quoted and not value.text
            text = Text("", value.place, where) if empty else self.text(value, where)
            made.append(Variable(name, text, entry.key.place, where))
        return tuple(made)

    def _listed(self, entry: Entry, path: str) -> Variable:
        """A variable of a list with variables in its name: they may bring the value too, as in `${X:-A=b}`."""
        name, value = fill(entry.key.text, self.context.values).text, entry.value
        text = self.text(value, f"{path}.{name}")
        if text is None and "=" in name and "${" not in name:
            name, _, rest = name.partition("=")
            text = Text(rest, value.place, f"{path}.{name}", rest)
        return Variable(name, text, entry.key.place, f"{path}.{name}")

    def passed_on(self, variables: tuple[Variable, ...]) -> tuple[Variable, ...]:
        """A variable that is named without a value has that of `.env`, where it stands there."""
        values = self.context.values
        return tuple(
            replace(v, value=Text(values[v.name], v.place, v.path, f"${{{v.name}}}"))
            if v.value is None and v.name in values
            else v
            for v in variables
        )

    def names(self, key: str) -> tuple[Text, ...]:
        """The keys of a mapping, or a list of names."""
        node = self.find(key)
        mapping = None if node is None else as_mapping(node, key)
        if not isinstance(mapping, Mapping):
            return ()
        return tuple(self._name(entry.key, key) for entry in mapping.entries.values())

    def _name(self, name: Scalar, key: str) -> Text:
        filled = self.text(name, key) if name.tag == LISTED else None
        text = filled.text if filled else name.text
        return Text(text, name.place, f"{key}.{text}", name.text, filled.unset if filled else ())

    def items(self, key: str) -> tuple[Node, ...]:
        """The items of a list, as they stand there."""
        node = self.find(key)
        return tuple(node.items[:_MANY]) if isinstance(node, Sequence) else ()


def said(text: Text | None) -> str:
    """What a text says; nothing where there is none."""
    return "" if text is None else text.text
