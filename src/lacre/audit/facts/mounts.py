"""What a service mounts, and which paths of the host that may be."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lacre.audit.facts.pieces import Pieces, said
from lacre.audit.facts.service import Mount
from lacre.audit.facts.text import Text
from lacre.audit.read.merge import split_volume
from lacre.audit.read.tree import Mapping, Node, Scalar

_WINDOWS = re.compile(r"^(?:[A-Za-z]:[\\/]|\\\\|//[.?]/)")
_HOME = frozenset({"HOME"})
_HERE = frozenset({"PWD"})


def mounts(pieces: Pieces) -> Iterator[Mount]:
    """All that is mounted in the service: volumes, tmpfs, secrets and configs."""
    made = (_mount(pieces, item, f"volumes[{number}]") for number, item in enumerate(pieces.items("volumes")))
    # What is mounted last at a place is what is there.
    yield from {mount.target or mount.path: mount for mount in made if mount is not None}.values()
    for text in pieces.texts("tmpfs"):
        target, _, options = text.text.partition(":")
        yield Mount(
            kind="tmpfs",
            target=target,
            place=text.place,
            path=text.path,
            options=tuple(filter(None, options.split(","))),
        )
    for kind in ("secrets", "configs"):
        yield from _files(pieces, kind)


def _mount(pieces: Pieces, item: Node, path: str) -> Mount | None:
    if isinstance(item, Mapping):
        return _long_mount(pieces, item, path)
    text = pieces.text(item, path)
    if text is None:
        return None
    parts = split_volume(text.text)
    if len(parts) == 1:
        return Mount(kind="volume", target=_target(parts[0]), place=text.place, path=path)
    options = tuple(parts[2].split(",")) if len(parts) > 2 else ()
    source = Text(parts[0], text.place, path, text.raw, text.unset if "${" in parts[0] else ())
    propagation = next((o for o in options if o.lstrip("r") in ("shared", "slave", "private")), "")
    made = Mount(
        kind="volume",
        target=_target(parts[1]),
        place=source.place,
        path=path,
        read_only="ro" in options,
        propagation=propagation,
        options=options,
    )
    return _from(pieces, source, made)


def _long_mount(pieces: Pieces, item: Mapping, path: str) -> Mount:
    def say(*keys: str) -> Text | None:
        node: Node | None = item
        for key in keys:
            entry = node.get(key) if isinstance(node, Mapping) else None
            node = None if entry is None else entry.value
        return pieces.text(node, path)

    kind = say("type")
    target, source, read_only = say("target"), say("source"), say("read_only")
    propagation = say("bind", "propagation")
    # the mapping's place ends where the next item begins: its first key is what a reader looks for
    here = item.place
    place = source.place if source else here._replace(end_line=here.line, end_column=here.column + 1)
    made = Mount(
        kind=said(kind) or "volume",
        target=said(target),
        place=place,
        path=path,
        read_only=read_only is not None and read_only.true,
    )
    if source is None or made.kind not in ("bind", "volume", "npipe"):
        return made
    made = replace(made, target=_target(made.target), propagation=said(propagation))
    return _from(pieces, source, made, bound=made.kind != "volume")


def _from(pieces: Pieces, source: Text, made: Mount, *, bound: bool = False) -> Mount:
    """The mount with what its source is; `bound`: it is said to be a path, however it looks."""
    kind, via = "volume", ""
    host: tuple[str, ...] = ()
    text = _stood_for(source)
    if bound or text[:1] in ("/", ".", "~") or _WINDOWS.match(text):
        kind = "npipe" if _WINDOWS.match(text) and "pipe" in text else "bind"
        host = host_paths(text, pieces.context.base(source.place.file))
    elif "${" in text:
        kind = "bind" if text.startswith("${") else "volume"
    else:
        device = _device_of_volume(pieces, text)
        if device is not None:
            kind, via = "bind", f"volume {text}"
            host = host_paths(_stood_for(device), pieces.context.base(device.place.file))
    said_so = source if text == source.text else Text(text, source.place, made.path, source.raw)
    return replace(made, kind=kind, source=said_so, host=host, via=via)


def _device_of_volume(pieces: Pieces, name: str) -> Text | None:
    """The host path that a named volume of the local driver stands for, when it is a bind in disguise."""
    volumes = pieces.context.top.get("volumes")
    entry = volumes.get(name) if volumes else None
    options = entry.value.get("driver_opts") if entry and isinstance(entry.value, Mapping) else None
    if options is None or not isinstance(options.value, Mapping):
        return None
    o, device = options.value.get("o"), options.value.get("device")
    binds = o is not None and isinstance(o.value, Scalar) and "bind" in o.value.text.split(",")
    return pieces.text(device.value, f"volumes.{name}") if device and binds else None


def _files(pieces: Pieces, kind: str) -> Iterator[Mount]:
    """Secrets and configs that are files of the host: Compose mounts those, whatever they are."""
    shared = pieces.context.top.get(kind)
    for number, item in enumerate(pieces.items(kind) if shared else ()):
        source = item.get("source") if isinstance(item, Mapping) else None
        name = source.value if source else item
        entry = shared.get(name.text) if shared and isinstance(name, Scalar) else None
        file = entry.value.get("file") if entry and isinstance(entry.value, Mapping) else None
        text = pieces.text(file.value, f"{kind}[{number}]") if file else None
        if text is not None:
            yield Mount(
                kind="bind",
                target=f"/run/secrets/{name.text}" if isinstance(name, Scalar) else "",
                place=name.place,
                path=f"{kind}[{number}]",
                source=text,
                host=host_paths(_stood_for(text), pieces.context.base(text.place.file)),
                read_only=True,
                via=kind[:-1],
            )


def _target(text: str) -> str:
    """Where something is mounted, as Compose says it: one slash at the beginning, none at the end."""
    return "/" + text.strip("/") if text.startswith("/") else text


def _stood_for(source: Text) -> str:
    """A source whose only unknown variable is one with a meaning: `$HOME` and `$PWD`."""
    text = source.text
    for names, meaning in ((_HOME, "~"), (_HERE, ".")):
        for name in names:
            text = text.replace(f"${{{name}}}", meaning) if text.startswith(f"${{{name}}}") else text
    return text


def host_paths(text: str, directory: Path) -> tuple[str, ...]:
    """The host paths that a bind source may mean, clean and absolute; `~` is kept, as nobody's in particular.

    The path as written, with `/var/run` as `/run`, and what it is here when links are followed.
    """
    if "${" in text or _WINDOWS.match(text):
        return (text.replace("\\", "/"),) if _WINDOWS.match(text) else ()
    if text.startswith("~"):
        return (posixpath.normpath(text),)
    whole = posixpath.normpath(posixpath.join(os.path.abspath(directory), text))  # noqa: PTH100 - no links yet
    whole = "/" + whole.lstrip("/")
    try:
        real = os.path.realpath(whole)
    except (OSError, ValueError):
        real = whole
    return tuple(dict.fromkeys((_run(whole), _run(real))))


def _run(path: str) -> str:
    return path.removeprefix("/var") if path == "/var/run" or path.startswith("/var/run/") else path
