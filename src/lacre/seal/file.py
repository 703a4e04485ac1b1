"""`lacre.yaml`: a seal as text that people read and review, and back.

In the file, memory is written as `64M` (binary units) where it comes out even, and modes are octal text,
"0755". Everything else is the model's own form; what has its default value is left out. A file that somebody
else wrote is hostile until read: no anchors, no tags, a bounded size and depth.
"""

from __future__ import annotations

import io
import json
import pathlib
import re
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from lacre.errors import UsageError
from lacre.seal.model import SCHEMA_VERSION, Seal
from lacre.seccomp import share_refused
from lacre.writing import write_atomically

__all__ = ["dump", "json_schema", "load", "read", "write_atomically"]

MOST_CHARACTERS = 16 * 2**20
MOST_DEPTH = 32

_HEAD = (
    "# The seal of this project: what each service is allowed, and the evidence for it. Written by lacre.\n"
    "# `lacre show` prints it, `lacre verify` proves it again.\n"
)
_UNITS = (("G", 2**30), ("M", 2**20), ("K", 2**10))
_SIZE = re.compile(r"(\d{1,15})([KMGT]?)")
_MODE = re.compile(r"[0-7]{3,5}")
_PLACES = {"off": -1, "grants": 1, "left": 2}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_/-]*")
_BASE_60 = re.compile(r"[-+0-9:]+")  # readers of YAML 1.1 take 33:33 for a number
_FACTORS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}

Path = tuple[str | int, ...]


def dump(seal: Seal) -> str:
    """The text of a seal: the same for the same seal, and `load` gives back an equal one."""
    told = _told(seal.model_dump(mode="json"), seal.model_dump(mode="json", exclude_defaults=True))
    data = {"version": seal.version, **told}
    for service in data["services"].values():
        for mount in service["filesystem"].get("tmpfs", ()):
            mount["size"] = _size(mount["size"])
            mount["mode"] = f"{mount['mode']:04o}"
        if service["limits"].get("memory") is not None:
            service["limits"]["memory"] = _size(service["limits"]["memory"])
        for setting, key in (
            ("syscalls", "observed"),
            ("syscalls", "allowed"),
            ("syscalls", "sockets"),
            ("capabilities", "add"),
        ):
            service[setting].get(key, []).sort()
    document = _commented(data)
    for name, sealed in seal.services.items():
        if sealed.syscalls.allowed:
            share = share_refused(sealed.syscalls.allowed)
            text = f"{share:.0%} of what Docker's default profile allows is refused"
            syscalls = document["services"][name]["syscalls"]
            syscalls.yaml_set_comment_before_after_key("allowed", before=text, indent=6)
    yaml = YAML()
    yaml.width = 100
    # ruamel writes line separators as they are where it may write any character, and reads them as others
    yaml.allow_unicode = json.dumps(data, ensure_ascii=False).isprintable()
    yaml.indent(mapping=2, sequence=4, offset=2)
    out = io.StringIO()
    yaml.dump(document, out)
    return _HEAD + out.getvalue()


def _told(full: Any, changed: Any) -> Any:
    """What is worth a line: all but defaults that are empty. A setting's evidence stands below its values."""
    if isinstance(full, list):
        return [_told(*pair) for pair in zip(full, changed, strict=True)]
    if not isinstance(full, dict):
        return full
    kept = {key: value for key, value in full.items() if key in changed or value not in ("", None, [], {})}
    order = sorted(kept, key=lambda key: _PLACES.get(key, 0))
    return {key: _told(kept[key], changed.get(key, kept[key])) for key in order}


def _size(count: int) -> str | int:
    return next((f"{count // unit}{name}" for name, unit in _UNITS if count and count % unit == 0), count)


def _commented(value: Any, key: str = "") -> Any:
    match value:
        case dict():
            return CommentedMap({name: _commented(inner, name) for name, inner in value.items()})
        case list():
            sequence = CommentedSeq(_commented(inner) for inner in value)
            if key in {"observed", "allowed", "sockets", "add"} and all(map(_NAME.fullmatch, value)):
                sequence.fa.set_flow_style()
            return sequence
        case str() if _BASE_60.fullmatch(value):
            return DoubleQuotedScalarString(value)
        case _:
            return value


def read(path: pathlib.Path) -> Seal:
    """The seal in a file. Raises UsageError as `load` does, and when the file cannot be read."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(MOST_CHARACTERS + 1)
    except UnicodeDecodeError:
        raise _broken(str(path), "it is not text in UTF-8") from None
    except OSError as error:
        raise UsageError(
            f"reading the seal {path}",
            error.strerror or str(error),
            "name the seal, or make one with lacre seal",
        ) from None
    return load(text, str(path))


def load(text: str, path: str) -> Seal:
    """The seal that a text holds; `path` is only for messages.

    Raises UsageError that names line and key: broken YAML, an unknown key, a wrong type, a newer version.
    """
    if len(text) > MOST_CHARACTERS:
        raise _broken(path, f"it is larger than {MOST_CHARACTERS} characters")
    lines: dict[Path, int] = {}
    data = _plain(_compose(text, path), (), lines, path)
    if not isinstance(data, dict) or "version" not in data:
        raise _broken(path, "it has no `version`, so it is no seal")
    if data["version"] != SCHEMA_VERSION:
        version = f"{data['version']!r}"[:40]
        happened = f"line {lines['version',]}: version {version}, and this lacre reads {SCHEMA_VERSION}"
        newer = isinstance(data["version"], int) and data["version"] > SCHEMA_VERSION
        raise UsageError(
            f"reading the seal {path}",
            happened,
            "install a newer lacre" if newer else "seal the project again with lacre seal",
        )
    _exact(data, lines, path)
    try:
        return Seal.model_validate_json(json.dumps(data), strict=True)
    except ValidationError as error:
        raise _broken(path, *_wrong(error, lines)) from None


def _broken(path: str, happened: str, next_step: str = "") -> UsageError:
    return UsageError(
        f"reading the seal {path}", happened, next_step or "mend it, or write it again with lacre seal"
    )


def _compose(text: str, path: str) -> Node:
    """The tree of YAML nodes, each with its place; nothing is built from it yet."""
    yaml = YAML(typ="safe", pure=True)
    try:
        node: Node | None = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise _broken(path, f"{place}{error.problem or error.context}", "mend the YAML there") from None
    except (YAMLError, ValueError) as error:
        raise _broken(path, str(error).replace("\n", " ")) from None
    except RecursionError:
        raise _broken(path, f"it is nested deeper than {MOST_DEPTH} levels") from None
    if node is None:
        raise _broken(path, "it is empty")
    return node


def _plain(node: Node, at: Path, lines: dict[Path, int], path: str) -> Any:
    """Plain data of a node; notes the line of each value. Anchors would let a small file mean a huge one."""
    line = node.start_mark.line + 1
    if len(at) > MOST_DEPTH:
        raise _broken(path, f"line {line}: nested deeper than {MOST_DEPTH} levels")
    if node.anchor:
        raise _broken(path, f"line {line}: an anchor (&{node.anchor}); a seal has none")
    lines[at] = line
    if isinstance(node, MappingNode):
        return dict(_entries(node, at, lines, path))
    if isinstance(node, SequenceNode):
        return [_plain(inner, (*at, index), lines, path) for index, inner in enumerate(node.value)]
    return _scalar(node, line, path)


def _entries(node: MappingNode, at: Path, lines: dict[Path, int], path: str) -> Iterator[tuple[str, Any]]:
    seen = set()
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise _broken(path, f"line {line}: a key that is not text")
        key = key_node.value
        if key in seen:
            raise _broken(path, f"line {line}: the key `{key}` stands there twice")
        seen.add(key)
        value = _plain(value_node, (*at, key), lines, path)
        lines[*at, key] = line
        yield key, value


def _scalar(node: Node, line: int, path: str) -> Any:
    kind = node.tag.removeprefix("tag:yaml.org,2002:") if isinstance(node.tag, str) else str(node.tag)
    text = node.value
    match kind:
        case "str" | "timestamp":
            return text
        case "null":
            return None
        case "bool":
            return text.lower() in {"true", "yes", "on"}
        case "int" if re.fullmatch(r"[-+]?[0-9]{1,18}", text):
            return int(text)
        case "float" if re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]{1,3})?", text):
            return float(text)
    raise _broken(path, f"line {line}: a value that no seal has: {text[:40]!r} ({kind})")


def _exact(data: dict[str, Any], lines: dict[Path, int], path: str) -> None:
    """Sizes and modes from their written form to numbers, in place."""
    services = data.get("services")
    for name, service in services.items() if isinstance(services, dict) else ():
        if not isinstance(service, dict):
            continue
        limits = service.get("limits")
        if isinstance(limits, dict) and "memory" in limits:
            limits["memory"] = _bytes(limits["memory"], ("services", name, "limits", "memory"), lines, path)
        filesystem = service.get("filesystem")
        mounts = filesystem.get("tmpfs") if isinstance(filesystem, dict) else None
        for index, mount in enumerate(mounts if isinstance(mounts, list) else ()):
            at: Path = ("services", name, "filesystem", "tmpfs", index)
            if isinstance(mount, dict) and "size" in mount:
                mount["size"] = _bytes(mount["size"], (*at, "size"), lines, path)
            if isinstance(mount, dict) and "mode" in mount:
                mount["mode"] = _octal(mount["mode"], (*at, "mode"), lines, path)


def _bytes(value: Any, at: Path, lines: dict[Path, int], path: str) -> Any:
    if not isinstance(value, str):
        return value
    found = _SIZE.fullmatch(value)
    if not found:
        raise _broken(
            path, f"{_place(at, lines)}: {value[:40]!r} is no size", "write it like 64M or 67108864"
        )
    return int(found[1]) * _FACTORS[found[2]]


def _octal(value: Any, at: Path, lines: dict[Path, int], path: str) -> int:
    if not isinstance(value, str) or not _MODE.fullmatch(value):
        happened = f"{_place(at, lines)}: {str(value)[:40]!r} is no mode"
        raise _broken(path, happened, 'write it in quotes and octal, like "0755"')
    return int(value, 8)


def _place(at: Path, lines: dict[Path, int]) -> str:
    known = next(at[:end] for end in range(len(at), -1, -1) if at[:end] in lines)
    return f"line {lines[known]}: {'.'.join(map(str, at))}"


def _wrong(error: ValidationError, lines: dict[Path, int]) -> tuple[str, str]:
    found = error.errors(include_url=False, include_input=False)
    first = next((each for each in found if each["type"] == "extra_forbidden"), found[0])
    place = _place(tuple(first["loc"]), lines)
    match first["type"]:
        case "extra_forbidden":
            return f"{place} is not a key of a seal", "take it away, or mend its spelling"
        case "missing":
            return f"{place} is missing", ""
        case _:
            return f"{place}: {first['msg'][:1].lower()}{first['msg'][1:]}", ""


def json_schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors and checks: sizes and modes as they are written."""
    schema = Seal.model_json_schema()
    size = {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": f"^{_SIZE.pattern}$"}]}
    definitions = schema["$defs"]
    definitions["Tmpfs"]["properties"]["size"] = {**size, "title": "Size"}
    definitions["Tmpfs"]["properties"]["mode"] = {
        "type": "string",
        "pattern": f"^{_MODE.pattern}$",
        "default": "0755",
        "title": "Mode",
    }
    definitions["Limits"]["properties"]["memory"] = {
        "anyOf": [*size["anyOf"], {"type": "null"}],
        "default": None,
        "title": "Memory",
    }
    schema["required"] = ["version", *schema["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


if __name__ == "__main__":
    print(json.dumps(json_schema(), indent=2))
