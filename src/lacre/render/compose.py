"""The Compose override: the least text that turns the user's project into the sealed one.

Compose appends sequences and merges maps, so most of a seal can simply be said. Where something of the base
must go, `!override` and `!reset` are written, and only there: Compose before 2.24.4 ignores them without a
word. Paths count from the project's directory, `$` is doubled because Compose interpolates the override as
well.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.scalarstring import DoubleQuotedScalarString
from ruamel.yaml.tag import Tag

from lacre.engine.project import Project
from lacre.errors import GroundError
from lacre.render.sealed import inline_configs, new_volumes, refuses_read_only, sealed_project
from lacre.render.words import capability, off, printable, reason
from lacre.seal.model import Seal, ServiceSeal

OVERRIDE_SINCE = (2, 24, 4)

_OVERRIDE = "!override"
_RESET = "!reset"
_COMMENT_WIDTH = 160


def override(project: Project, seal: Seal, output: Path, compose_version: str) -> str:
    """The text of `compose.sealed.yaml` for the output directory `output`.

    `docker compose config` of the project's files with this one is `sealed_project` of the base. Raises
    GroundError where something of the base has to be taken away and this Compose cannot do it.
    """
    place = PurePath(os.path.relpath(output, project.directory))
    sealed = sealed_project(project.config, seal.services, place, project.directory)
    services = CommentedMap()
    for name in seal.services:
        if name in project.config.get("services", {}):
            base, wanted = project.config["services"][name], sealed["services"][name]
            entry = _Service(base, wanted, seal.services[name], project.directory).entry()
            if entry:
                services[name] = entry
            _note(services, name, _notes(project.config, name, seal.services[name]))
    document = CommentedMap()
    document["services"] = services
    volumes = new_volumes(project.config, seal.services)
    if volumes:
        document["volumes"] = CommentedMap({name: CommentedMap() for name in volumes})
        document["volumes"].fa.set_block_style()
    configs = inline_configs(project.config, seal.services)
    if configs:
        document["configs"] = CommentedMap(
            {name: _tagged_map({"file": f"./{(place / 'configs' / name).as_posix()}"}) for name in configs}
        )
        document.yaml_set_comment_before_after_key(
            "configs", before="Compose puts a config given by content only into a writable container"
        )
    document = _doubled(document)
    if _uses_tags(document) and _version(compose_version) < OVERRIDE_SINCE:
        raise GroundError(
            "writing the Compose override",
            f"Docker Compose {compose_version} ignores `!override` and `!reset` without a word, but a part of"
            " the base has to be replaced",
            "install Docker Compose 2.24.4 or newer",
        )
    return _head(project, place) + _dump(document)


def _head(project: Project, place: PurePath) -> str:
    files = [Path(os.path.relpath(file, project.directory)).as_posix() for file in project.files]
    arguments = " ".join(f"-f {file}" for file in [*files, (place / "compose.sealed.yaml").as_posix()])
    return (
        "# Written by lacre: the seal of this project as a Compose override. The evidence is in lacre.yaml.\n"
        f"# In the project's directory: docker compose {printable(arguments)} up -d\n"
    )


def _notes(config: Mapping[str, Any], name: str, seal: ServiceSeal) -> list[str]:
    notes = [f"off: {line}" for line in off(seal)]
    if seal.filesystem.read_only and not seal.filesystem.off:
        inline = refuses_read_only(dict(config), name)
        notes += [f"read_only is off: {printable(inline)}"] if inline else []
    return notes


class _Service:
    """The difference between a service of the base and its sealed form, as an entry of the override."""

    def __init__(
        self, base: dict[str, Any], sealed: dict[str, Any], seal: ServiceSeal, directory: Path
    ) -> None:
        self.base = base
        self.sealed = sealed
        self.seal = seal
        self.directory = directory
        self.result = CommentedMap()

    def entry(self) -> CommentedMap:
        seal = self.seal
        self._scalar("user", reason(seal.user, str(seal.user.user), "user"))
        self._sequence("group_add", {group: reason(seal.user, group) for group in seal.user.group_add})
        if "privileged" in self.base and "privileged" not in self.sealed:
            self.result["privileged"] = False
        self._sequence("cap_drop", {})
        self._sequence(
            "cap_add",
            {
                name: reason(seal.capabilities, capability(name), f"CAP_{capability(name)}")
                for name in self.sealed.get("cap_add") or []
            },
        )
        self._sequence("security_opt", {})
        self._scalar("read_only", "")
        self._sequence(
            "tmpfs",
            {
                text: reason(seal.filesystem, text.partition(":")[0])
                for text in self.sealed.get("tmpfs") or []
            },
        )
        self._volumes()
        self._scalar("mem_limit", reason(seal.limits, "memory"))
        self._scalar("pids_limit", reason(seal.limits, "pids"))
        self._scalar("cpus", reason(seal.limits, "cpus"))
        self._scalar("init", reason(seal.limits, "init"))
        self._deploy()
        if self._changed("ulimits"):
            nofile = CommentedMap({"nofile": CommentedMap(self.sealed["ulimits"]["nofile"])})
            self._put("ulimits", nofile, reason(seal.limits, "nofile"))
        if self._changed("logging"):
            self._put("logging", CommentedMap(self.sealed["logging"]), reason(seal.logging, "logging"))
        return self.result

    def _changed(self, key: str) -> bool:
        return self.base.get(key) != self.sealed.get(key)

    def _put(self, key: str, value: Any, comment: str) -> None:
        self.result[key] = value
        if not comment:
            return
        if isinstance(value, CommentedMap):
            self.result.yaml_set_comment_before_after_key(key, before=comment, indent=4)
        else:
            self.result.yaml_add_eol_comment(_short(comment), key)

    def _scalar(self, key: str, comment: str) -> None:
        if self._changed(key):
            value = self.sealed[key]
            # quoted: 33:33 is a number in base 60 to readers of YAML 1.1
            self._put(key, DoubleQuotedScalarString(value) if isinstance(value, str) else value, comment)

    def _sequence(self, key: str, comments: Mapping[str, str]) -> None:
        """Only what is new, if all of the base stays; else the whole sequence, replaced."""
        base = [str(item) for item in self.base.get(key) or []]
        sealed = [str(item) for item in self.sealed.get(key) or []]
        if base == sealed:
            return
        if not sealed:
            self.result[key] = _tagged_seq([], _RESET)
            return
        grown = sealed[: len(base)] == base
        items = CommentedSeq(sealed[len(base) :]) if grown else _tagged_seq(sealed, _OVERRIDE)
        for index, item in enumerate(items):
            if comment := comments.get(item):
                items.yaml_add_eol_comment(_short(comment), index)
        self.result[key] = items

    def _volumes(self) -> None:
        """Mounts merge by target: one that changes is written whole, one that goes needs a new list."""
        base = {entry["target"]: entry for entry in self.base.get("volumes") or []}
        sealed = {entry["target"]: entry for entry in self.sealed.get("volumes") or []}
        if base == sealed:
            return
        if not sealed:
            self.result["volumes"] = _tagged_seq([], _RESET)
            return
        gone = base.keys() - sealed.keys()
        chosen = [entry for target, entry in sealed.items() if gone or base.get(target) != entry]
        items = CommentedSeq(CommentedMap(self._mount(entry)) for entry in chosen)
        if gone:
            items.yaml_set_ctag(Tag(suffix=_OVERRIDE))
        self.result["volumes"] = items
        for index, entry in enumerate(chosen):
            if comment := reason(self.seal.filesystem, entry["target"]):
                items.yaml_set_comment_before_after_key(index, before=_short(comment), indent=6)

    def _mount(self, entry: dict[str, Any]) -> dict[str, Any]:
        """A mount with its source from the project's directory where it lies in it: the project may move."""
        source = entry.get("source", "")
        if entry["type"] != "bind" or not PurePath(source).is_relative_to(self.directory):
            return entry
        return {**entry, "source": f"./{PurePath(source).relative_to(self.directory).as_posix()}"}

    def _deploy(self) -> None:
        if not self._changed("deploy"):
            return
        base = self.base["deploy"]["resources"]["limits"]
        sealed = self.sealed["deploy"]["resources"]["limits"]
        limits = CommentedMap({key: value for key, value in sealed.items() if base.get(key) != value})
        for key, name in (("memory", "memory"), ("pids", "pids"), ("cpus", "cpus")):
            if key in limits and (comment := reason(self.seal.limits, name)):
                limits.yaml_add_eol_comment(_short(comment), key)
        self.result["deploy"] = CommentedMap({"resources": CommentedMap({"limits": limits})})


def _note(services: CommentedMap, name: str, lines: list[str]) -> None:
    if lines and name in services:
        services.yaml_set_comment_before_after_key(name, before="\n".join(map(_short, lines)), indent=2)


def _short(text: str) -> str:
    return text if len(text) <= _COMMENT_WIDTH else text[: _COMMENT_WIDTH - 1] + "…"


def _tagged_seq(items: list[str], tag: str) -> CommentedSeq:
    sequence = CommentedSeq(items)
    sequence.yaml_set_ctag(Tag(suffix=tag))
    if not items:
        sequence.fa.set_flow_style()
    return sequence


def _tagged_map(entries: dict[str, str]) -> CommentedMap:
    mapping = CommentedMap(entries)
    mapping.yaml_set_ctag(Tag(suffix=_OVERRIDE))
    return mapping


def _doubled(node: Any) -> Any:
    """The tree with every `$` of its scalars doubled, in place, so that comments stay."""
    match node:
        case str():
            return type(node)(node.replace("$", "$$"))
        case CommentedMap():
            for key in node:
                node[key] = _doubled(node[key])
        case CommentedSeq():
            for index in range(len(node)):
                node[index] = _doubled(node[index])
        case dict():
            return {key: _doubled(value) for key, value in node.items()}
        case list():
            return [_doubled(value) for value in node]
    return node


def _uses_tags(node: Any) -> bool:
    if isinstance(node, CommentedMap | CommentedSeq | TaggedScalar) and node.tag.value:
        return True
    if isinstance(node, CommentedMap):
        return any(_uses_tags(value) for value in node.values())
    return isinstance(node, CommentedSeq) and any(_uses_tags(value) for value in node)


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


def _dump(document: CommentedMap) -> str:
    text = _dumped(document, allow_unicode=True)
    # where ruamel may write any character, it writes line separators as they are, and readers fold them
    return text if text.replace("\n", "").isprintable() else _dumped(document, allow_unicode=False)


def _dumped(document: CommentedMap, *, allow_unicode: bool) -> str:
    yaml = YAML()
    yaml.allow_unicode = allow_unicode
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(document, out)
    return out.getvalue()
