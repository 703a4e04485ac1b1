"""Which files an audit looks at: those named, and in folders those that Compose and BuildKit would take."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lacre.audit.read.compose import looks_like_compose
from lacre.audit.read.files import UnreadableError, read_text

COMPOSE_NAMES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
"""The default names of Compose, the one that wins first."""

_COMPOSE = re.compile(r"^(?:docker-)?compose(?:[.-][^/]*)?\.ya?ml$", re.IGNORECASE)
_OVERRIDE = re.compile(r"^(?:docker-)?compose\.override\.ya?ml$")
_DOCKERFILE = re.compile(
    r"^(?:(?:Docker|Container)file(?:[.-].+)?|.+\.(?:docker|container)file)\Z", re.IGNORECASE | re.DOTALL
)
_NOT_DOCKERFILE = re.compile(
    r"\.(?:dockerignore|md|rst|txt|sh|ya?ml|json|toml|py|go|rs|js|ts|rb|java|c|h|html|css|png|svg|lock|log|m4|j2|jinja2?|tmpl|tpl|template|erb|in|mustache|orig|rej|swp)$",
    re.IGNORECASE,
)
_PASSED_OVER = frozenset(
    {".git", "node_modules", ".venv", "venv", "__pycache__", ".tox", "vendor", ".terraform"}
)
MAX_DEPTH = 20
MAX_FILES = 50_000


@dataclass(frozen=True, slots=True)
class Target:
    """Something to audit: a set of Compose files that belong together, or one Dockerfile."""

    kind: str  # "compose", "dockerfile", "unknown"
    files: tuple[Path, ...]
    named: bool = False
    why: str = ""  # why it cannot be looked at


@dataclass(slots=True)
class Found:
    """All targets, each file once."""

    targets: list[Target] = field(default_factory=list)
    _seen: set[Path] = field(default_factory=set)

    def add(self, target: Target) -> None:
        """Take a target, unless its first file was taken before."""
        key = Path(os.path.abspath(target.files[0]))  # noqa: PTH100 - resolving would hide a loop of links
        if key not in self._seen:
            self._seen.update(Path(os.path.abspath(file)) for file in target.files)  # noqa: PTH100
            self.targets.append(target)


def find(paths: Iterable[Path], projects: Iterable[tuple[Path, ...]] = ()) -> list[Target]:
    """The targets of `paths` (files and folders), and of `projects` (files that belong together, in order)."""
    found = Found()
    for files in projects:
        found.add(Target("compose", tuple(files), named=True))
    paths = list(paths)
    for path in paths:
        if not path.is_dir():
            found.add(_named(path))
    for path in paths:
        if path.is_dir():
            empty = True
            for target in _folder(path):
                empty = False
                found.add(target)
            if empty:
                found.add(Target("unknown", (path,), named=True, why=_nothing_in(path)))
    return found.targets


def _named(path: Path) -> Target:
    """A file of the command line, whatever its name: told apart by name first, then by what it holds."""
    if is_dockerfile(path.name):
        return Target("dockerfile", (path,), named=True)
    if path.suffix.lower() in (".yml", ".yaml", ".json"):
        return Target("compose", (path,), named=True)
    try:
        text = read_text(path)
    except UnreadableError as error:
        return Target("unknown", (path,), named=True, why=error.why)
    kind = "dockerfile" if re.search(r"^\s*FROM\s+\S", text, re.IGNORECASE | re.MULTILINE) else "compose"
    return Target(kind, (path,), named=True)


def _nothing_in(folder: Path) -> str:
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        return error.strerror or str(error)
    return "nothing in it is a Compose file or a Dockerfile"


def is_dockerfile(name: str) -> bool:
    """Whether a file of this name is a Dockerfile."""
    return bool(_DOCKERFILE.match(name)) and not _NOT_DOCKERFILE.search(name)


def _folder(root: Path) -> Iterator[Target]:
    """What is in a folder and below it, links to folders not followed, in the order of names."""
    depth_of_root = len(root.parts)
    count = 0
    for name, folders, files in os.walk(root):
        where = Path(name)
        folders[:] = sorted(
            folder
            for folder in folders
            if folder not in _PASSED_OVER and len(where.parts) - depth_of_root < MAX_DEPTH
        )
        yield from _of_folder(where, sorted(files))
        count += len(files)
        if count > MAX_FILES:
            why = f"more than {MAX_FILES} files are in it: the rest was not looked at"
            yield Target("unknown", (root,), named=True, why=why)
            return


def _of_folder(where: Path, names: list[str]) -> Iterator[Target]:
    main = next((name for name in COMPOSE_NAMES if name in names), None)
    overrides = [name for name in names if _OVERRIDE.match(name)] if main else []
    if main:
        yield Target("compose", (where / main, *(where / name for name in overrides[:1])))
    for name in names:
        if name == main or name in overrides[:1]:
            continue
        if _COMPOSE.match(name) or (
            name.lower().endswith((".yml", ".yaml")) and _holds_services(where / name)
        ):
            yield Target("compose", (where / name,))
        elif is_dockerfile(name):
            yield Target("dockerfile", (where / name,))


def _holds_services(path: Path) -> bool:
    try:
        return looks_like_compose(read_text(path))
    except UnreadableError:
        return False
