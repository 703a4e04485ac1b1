"""What is built for a service: the files, and the stage of its Dockerfile."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lacre.audit.facts.pieces import Pieces, said
from lacre.audit.facts.service import Build
from lacre.audit.facts.text import Text
from lacre.audit.read.files import UnreadableError, read_text
from lacre.audit.read.tree import Scalar

if TYPE_CHECKING:
    from lacre.audit.facts.dockerfile import Stage


def build(pieces: Pieces) -> Build | None:
    """What is built for the service, and the stage that it runs; None: it is not built."""
    node = pieces.find("build")
    if node is None:
        return None
    context = pieces.value("build") if isinstance(node, Scalar) else pieces.value("build", "context")
    dockerfile = pieces.value("build", "dockerfile")
    inline = pieces.find("build", "dockerfile_inline")
    where = _build_files(pieces, context, dockerfile)
    if isinstance(inline, Scalar):
        stage, unread = _stage(pieces, inline.text, inline.place.file)
    elif isinstance(where, str):
        stage, unread = None, where
    else:
        stage, unread = _stage_of(pieces, where[1])
    target = pieces.value("build", "target")
    unknown = isinstance(where, str) or inline is not None or not (target is None or target.known)
    folder, file = (None, None) if unknown or isinstance(where, str) else where
    return Build(
        place=node.place,
        arguments=pieces.passed_on(pieces.variables("build", "args")),
        privileged=pieces.value("build", "privileged"),
        network=pieces.value("build", "network"),
        entitlements=pieces.texts("build", "entitlements"),
        dockerfile=dockerfile,
        folder=folder,
        file=file,
        target=said(target),
        stage=stage,
        unread=unread,
    )


def _build_files(pieces: Pieces, context: Text | None, dockerfile: Text | None) -> tuple[Path, Path] | str:
    """The context's folder and the Dockerfile, or why they are not known."""
    if any(text is not None and not text.known for text in (context, dockerfile)):
        return "where its Dockerfile is depends on a variable"
    where = "." if context is None else context.text
    if "://" in where or where.startswith("git@"):
        return "its Dockerfile is not on this machine"
    base = pieces.context.base(context.place.file if context else pieces.found.name.place.file)
    folder = base / where
    return folder, folder / (dockerfile.text if dockerfile else "Dockerfile")


def _stage_of(pieces: Pieces, file: Path) -> tuple[Stage | None, str]:
    try:
        return _stage(pieces, read_text(file), str(file))
    except UnreadableError as error:
        return None, f"its Dockerfile was not read: {error.why}"


def _stage(pieces: Pieces, text: str, file: str) -> tuple[Stage | None, str]:
    """The stage that is built of a Dockerfile's text, or why it is not known."""
    from lacre.audit.facts.stages import stages  # noqa: PLC0415 - few services are built
    from lacre.audit.read.dockerfile import parse  # noqa: PLC0415

    target = pieces.value("build", "target")
    if target is not None and not target.known:
        return None, target.why_unknown
    try:
        made = stages(parse(text, file))
    except UnreadableError as error:
        return None, f"its Dockerfile was not read: {error.why}"
    if target is not None:
        for stage in made:
            if stage.name.lower() == target.text.lower():
                return stage, ""
        return None, f"its Dockerfile has no stage {target.text}"
    return made[-1], ""
