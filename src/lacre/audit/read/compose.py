"""Compose files as an audit reads them: for places, not for meaning that must be exact.

Seals are made from what the real Compose says; this reader only has to find every place that matters, in a
file that may be hostile, without Docker. It knows anchors and merge keys (tree.py), several files (merge.py),
`extends` also across files, `include`, `.env` and defaults of variables, and the form without `services:`.
Profiles are not asked: whatever a profile may start is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lacre.audit.read.files import UnreadableError, read_text
from lacre.audit.read.merge import laid_over
from lacre.audit.read.tree import Entry, Mapping, Node, Scalar, Sequence, documents, duplicate_keys
from lacre.audit.read.variables import dotenv, fill

MAX_FILES = 500
"""Files of one project; one that includes a file for each of 109 applications is known."""
MAX_TEXT = 32 << 20  # characters of all of them
MAX_EXTENDS = 20
MAX_INCLUDES = 10
_NOT_IN_NAMES = re.compile(r"[^-_a-z0-9]")

_TOP_LEVEL = frozenset({"services", "include", "networks", "volumes", "secrets", "configs", "name", "models"})
_OF_A_SERVICE = frozenset({"image", "build", "extends"})
_OF_OTHERS = frozenset({"steps", "pipeline", "jobs", "stages", "kind", "apiVersion"})
"""Keys at the top of files for CI and clusters, which have services of their own kind."""


@dataclass(frozen=True, slots=True)
class Context:
    """What the text of a service needs beside it: variables, where its relative paths start, shared parts."""

    directory: Path
    values: dict[str, str]
    directories: dict[str, Path]
    top: dict[str, Mapping]

    def base(self, file: str) -> Path:
        """Where relative paths that stand in `file` start."""
        return self.directories.get(file, self.directory)


@dataclass(frozen=True, slots=True)
class ServiceNode:
    """A service as its files say it, all of them laid over each other. `lacks`: what could not be resolved."""

    name: Scalar
    node: Mapping
    context: Context
    lacks: str = ""


@dataclass(slots=True)
class Project:
    """The services of one set of files. `read`: every file that was read for it."""

    services: dict[str, ServiceNode] = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_project(files: Iterable[Path], directory: Path | None = None) -> Project:
    """The project of `files`, later ones laid over earlier ones. Raises UnreadableError.

    `directory` is where relative paths start and `.env` lies, and where Compose is taken to be started; that of the
    first file by default.
    """
    reader = _Reader()
    paths = list(files)
    place = directory or paths[0].parent
    reader.include(paths, place, {"PWD": str(place.absolute())}, depth=0)
    return reader.project


class _Reader:
    """One reading: the files that it has opened, so that none is opened twice and not too many."""

    def __init__(self) -> None:
        self.project = Project()
        self._roots: dict[Path, Mapping] = {}
        self._including: list[Path] = []
        self._included: set[Path] = set()
        self._size = 0

    def include(self, paths: list[Path], directory: Path, outer: dict[str, str], *, depth: int) -> None:
        values = {**_env_file(directory / ".env"), **outer}
        roots = [(path, self._root(path)) for path in paths]
        if "COMPOSE_PROJECT_NAME" not in values:
            values["COMPOSE_PROJECT_NAME"] = _name(directory, (root for _, root in roots), values)
        directories = {str(path): directory for path in paths}
        whole: Node | None = None
        lacks: dict[str, str] = {}
        for path, root in roots:
            extended, unresolved = self._without_extends(path, root, values, directories)
            lacks |= unresolved
            whole = extended if whole is None else laid_over(whole, extended)
        assert isinstance(whole, Mapping)  # noqa: S101 - _root gives nothing else, and there is a path
        top = {name: e.value for name, e in whole.entries.items() if isinstance(e.value, Mapping)}
        context = Context(directory, values, directories, top)
        begun = len(self._including)
        self._including += (path.resolve() for path in paths)
        self._included.update(self._including[begun:])
        for _, root in roots:
            self._includes(root, context, depth)
        del self._including[begun:]
        services = top.get("services")
        for name, entry in services.entries.items() if services else ():
            if not isinstance(entry.value, Mapping):
                self.project.notes.append(f"services.{name} is no mapping")
                continue
            before = self.project.services.get(name)
            node = laid_over(before.node, entry.value) if before else entry.value
            assert isinstance(node, Mapping)  # noqa: S101 - both are
            self.project.services[name] = ServiceNode(entry.key, node, context, lacks.get(name, ""))

    def _includes(self, root: Mapping, context: Context, depth: int) -> None:
        entry = root.get("include")
        if entry is None:
            return
        for item in entry.value.items if isinstance(entry.value, Sequence) else ():
            paths = _texts(item, "path")
            directory = _texts(item, "project_directory")
            place = f"line {item.place.line}"
            if not paths:
                self.project.notes.append(f"{place}: an include without a path")
                continue
            base = context.base(item.place.file)
            targets = [base / fill(path, context.values).text for path in paths]
            new = [path for path, t in zip(paths, targets, strict=True) if t.resolve() not in self._included]
            if any(target.resolve() in self._including for target in targets):
                self.project.notes.append(f"{place}: {paths[0]} includes itself")
            elif not new:
                continue  # another included it too, which says nothing more
            elif len(new) < len(paths):
                why = "it is laid over a file that is included before"
                self.project.notes.append(f"{place}: {new[0]} was not read: {why}")
            elif depth >= MAX_INCLUDES:
                self.project.notes.append(f"{place}: more than {MAX_INCLUDES} includes inside each other")
            elif any("://" in path for path in paths):
                self.project.notes.append(f"{place}: {paths[0]} is not on this machine, and was not read")
            else:
                where = base / directory[0] if directory else targets[0].parent
                values = dict(context.values)
                for file in _texts(item, "env_file"):
                    values = {**_env_file(base / file), **values}
                try:
                    self.include(targets, where, values, depth=depth + 1)
                except UnreadableError as error:
                    self.project.notes.append(f"{place}: {paths[0]} was not read: {error.why}")

    def _root(self, path: Path) -> Mapping:
        if path in self._roots:
            return self._roots[path]
        if len(self._roots) >= MAX_FILES:
            raise UnreadableError(f"it needs more than {MAX_FILES} files")
        try:
            text = read_text(path)
            self._size += len(text)
            if self._size > MAX_TEXT:
                raise UnreadableError(f"the files that it needs have more than {MAX_TEXT} characters")
            root = compose_root(text, str(path))
        except UnreadableError as error:
            raise UnreadableError(error.why, error.place, str(path)) from None
        self._roots[path] = root
        self.project.read.append(str(path))
        return root

    def _without_extends(
        self, path: Path, root: Mapping, values: dict[str, str], directories: dict[str, Path]
    ) -> tuple[Mapping, dict[str, str]]:
        """`root` with each service that extends another laid over it; and, by service, what could not be resolved."""
        services = root.get("services")
        if services is None or not isinstance(services.value, Mapping):
            return root, {}
        entries = {}
        lacks = {}
        for name, entry in services.value.entries.items():
            value = entry.value
            if isinstance(value, Mapping) and value.get("extends"):
                value, why = self._extended(path, root, name, values, directories, ())
                if why:
                    lacks[name] = why
            entries[name] = Entry(entry.key, value)
        whole = Mapping(entries, services.value.place, services.value.tag)
        return Mapping({**root.entries, "services": Entry(services.key, whole)}, root.place), lacks

    def _extended(
        self,
        path: Path,
        root: Mapping,
        name: str,
        values: dict[str, str],
        directories: dict[str, Path],
        chain: tuple[tuple[Path, str], ...],
    ) -> tuple[Mapping, str]:
        """A service laid over what it extends, and why that could not be read; raises _NotThereError."""
        services = root.get("services")
        entry = services.value.get(name) if services and isinstance(services.value, Mapping) else None
        if entry is None or not isinstance(entry.value, Mapping):
            raise _NotThereError(f"{path.name} has no service {name}")
        node = entry.value
        extends = node.get("extends")
        if extends is None:
            return node, ""
        try:
            if (path, name) in chain or len(chain) >= MAX_EXTENDS:
                raise _NotThereError(f"{name} extends itself")
            other, file = _what_it_extends(extends.value)
            if file:
                wanted = fill(file, values)
                if wanted.unset or "://" in file:
                    raise _NotThereError(f"{file} is not on this machine")
                target = directories.get(str(path), path.parent) / wanted.text
                directories.setdefault(str(target), target.parent)
                found = self._root(target)
            else:
                target, found = path, root
            base, why = self._extended(target, found, other, values, directories, (*chain, (path, name)))
        except (_NotThereError, UnreadableError) as error:
            why = f"what {name} extends was not read: {error}"
            self.project.notes.append(f"line {extends.key.place.line}: {why}")
            return node, why
        laid = laid_over(base, node)
        assert isinstance(laid, Mapping)  # noqa: S101 - both are
        return laid, why


class _NotThereError(Exception):
    """What an `extends` names cannot be had."""


def _what_it_extends(node: Node) -> tuple[str, str]:
    if isinstance(node, Scalar):
        return node.text, ""
    names, files = _texts(node, "service"), _texts(node, "file")
    if not names:
        raise _NotThereError("it names no service")
    return names[0], files[0] if files else ""


def _texts(node: Node, key: str) -> list[str]:
    """The text or texts that `key` of a mapping holds; a bare text is its own `path`."""
    if isinstance(node, Scalar):
        return [node.text] if key == "path" and node.text else []
    entry = node.get(key) if isinstance(node, Mapping) else None
    if entry is None:
        return []
    items = entry.value.items if isinstance(entry.value, Sequence) else [entry.value]
    return [item.text for item in items if isinstance(item, Scalar) and item.text]


def _name(directory: Path, roots: Iterable[Mapping], values: dict[str, str]) -> str:
    """What a project is called: as the last of its files says, else as its directory."""
    name = directory.absolute().name
    for root in roots:
        for text in _texts(root, "name"):
            name = fill(text, values).text
    return _NOT_IN_NAMES.sub("", name.lower()).lstrip("-_")


def _env_file(path: Path) -> dict[str, str]:
    try:
        return dotenv(read_text(path))
    except UnreadableError:
        return {}


def compose_root(text: str, file: str) -> Mapping:
    """The whole of a Compose file as one mapping with `services`, as far as it has any. Raises UnreadableError."""
    roots = documents(text, file)
    if not roots:
        raise UnreadableError("it is empty")
    for root in roots:
        if not isinstance(root, Mapping):
            raise UnreadableError("it is no mapping, so no Compose file", root.place)
        for duplicate in duplicate_keys(root):
            raise UnreadableError(
                f"the key {duplicate.text} stands twice: Compose refuses it", duplicate.place
            )
    whole = roots[0]
    for root in roots[1:]:
        whole = laid_over(whole, root)
    assert isinstance(whole, Mapping)  # noqa: S101 - all of them are
    services = whole.get("services")
    if services is not None and not isinstance(services.value, Mapping):
        if not (isinstance(services.value, Scalar) and services.value.null):
            raise UnreadableError("services is no mapping", services.value.place)
    elif services is None:
        return _of_version_1(whole)
    return whole


def _of_version_1(root: Mapping) -> Mapping:
    """A file of the first format has its services at the top: docker-compose 1.x runs them all the same."""
    old = {
        name: entry
        for name, entry in root.entries.items()
        if isinstance(entry.value, Mapping) and _OF_A_SERVICE & entry.value.entries.keys()
    }
    if old and not _TOP_LEVEL & root.entries.keys():
        key = next(iter(old.values())).key
        wrapped = Entry(Scalar("services", key.place), Mapping(old, root.place))
        return Mapping({"services": wrapped}, root.place)
    if not _TOP_LEVEL & root.entries.keys():
        raise UnreadableError("it has no services", root.place)
    return root


def looks_like_compose(text: str) -> bool:
    """Whether a YAML file with any name is a Compose file: `services` whose entries have an image or build."""
    if "services" not in text:
        return False
    try:
        root = documents(text, "")
    except UnreadableError:
        return False
    whole = root[0] if root else None
    if not isinstance(whole, Mapping) or _OF_OTHERS & whole.entries.keys():
        return False
    entry = whole.get("services")
    return (
        entry is not None
        and isinstance(entry.value, Mapping)
        and any(
            isinstance(service.value, Mapping) and _OF_A_SERVICE & service.value.entries.keys()
            for service in entry.value.entries.values()
        )
    )
