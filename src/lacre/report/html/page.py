"""`report.html`: the seal, its evidence and the attacks as one self-contained page.

The page needs no script and may load nothing: its policy names the hash of its one style sheet. Whatever the
template puts out goes through `visible` and then through Jinja's escaping.
"""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from lacre.attacks.model import Result, Verdict
from lacre.report import attack_view, evidence
from lacre.report import seal_view as view
from lacre.report.attack_view import Matrix, Row, Tried
from lacre.report.text import size, visible

if TYPE_CHECKING:
    from jinja2 import Template

    from lacre.engine.project import Project
    from lacre.seal.model import Seal

_PITCH = 14  # pixels from one square of a strip to the next, of which the square takes 10
_GROUP_GAP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that a page is made from; without a seal it is about attacks alone.

    `title`: of the target, as the user calls it. `date`: as it shall be read; no module here knows the clock.
    `next_command`: what runs the sealed target, on one line or several.
    """

    title: str
    date: str
    seal: Seal | None = None
    project: Project | None = None
    attacked: Tried | None = None
    warnings: Sequence[str] = ()
    next_command: str = ""


def render(page: Page) -> str:
    """The page as HTML, to be written as UTF-8. Deterministic: the same page gives the same bytes."""
    from markupsafe import Markup

    style = (resources.files(__package__) / "report.css").read_text("utf-8")
    return _template().render(
        page=page,
        seal=page.seal,
        style=Markup(style),  # noqa: S704 - a file of this package
        style_hash=_hash(style),
        **_words(),
        **(_sealed(page.seal, page.project) if page.seal else {}),
        **(_attacked(page.attacked) if page.attacked else {"matrices": ()}),
    )


@cache
def _template() -> Template:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lacre.report", "html"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html.jinja")


def _shown(value: Any) -> Any:
    """What is put out: text is made visible; what a macro made has been already."""
    if hasattr(value, "__html__"):
        return value
    return visible(str(value))


def _hash(style: str) -> str:
    """The source expression by which a content security policy allows this style sheet alone."""
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"


def _words() -> dict[str, Any]:
    return {
        "words": attack_view.words,
        "kind": kind,
        "summary": attack_view.summary,
        "share": attack_view.share,
        "tallies": attack_view.tallies,
        "reasons": attack_view.reasons,
        "strip": strip,
        "BY_DESIGN": attack_view.BY_DESIGN,
    }


def kind(verdict: Verdict | None) -> str:
    """The class of a verdict in the style sheet."""
    return verdict.result.name.lower().replace("_", "-") if verdict else "untried"


@dataclass(frozen=True, slots=True)
class Square:
    """One attack in a strip: how far from the left, in pixels, and what came of it."""

    left: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Strip:
    """One side of a service as a row of squares, in the order of the matrix. Pixels."""

    width: int
    squares: tuple[Square, ...]


def strip(matrix: Matrix, side: int) -> Strip:
    """The squares of one side; those of a group stand together."""
    squares = []
    left = 0
    for members in matrix.groups.values():
        for row in members:
            verdict = row.sides[side]
            squares.append(Square(left, kind(verdict), _said(row, verdict)))
            left += _PITCH
        left += _GROUP_GAP
    return Strip(max(1, left - _GROUP_GAP), tuple(squares))


def _said(row: Row, verdict: Verdict | None) -> str:
    return f"{row.attack.title}: {attack_view.words(verdict)}"


def _attacked(tried: Tried) -> dict[str, Any]:
    matrices = attack_view.matrices(tried)
    return {
        "matrices": matrices,
        "still_works": [(matrix, row) for matrix in matrices for row in matrix.still_works],
        "errors": [(matrix, *error) for matrix in matrices for error in matrix.errors],
        "by_design": attack_view.by_design(matrices),
        "answering": attack_view.answering(tried),
        "lost": attack_view.lost_answers(tried),
        "results": [result for result in Result if _occurs(matrices, result)],
    }


def _occurs(matrices: Sequence[Matrix], result: Result) -> bool:
    return any(
        side is not None and side.result is result
        for matrix in matrices
        for row in matrix.told
        for side in row.sides
    )


def _sealed(seal: Seal, project: Project | None) -> dict[str, Any]:
    services = dict(sorted(seal.services.items()))
    return {
        "ground": evidence.ground(seal.ground),
        "off": view.controls_off(seal),
        "rows": [_row(seal, name, project) for name in services],
        "services": services,
        "settings": view.settings,
        "value": evidence.value,
        "left": [
            (name, left)
            for name, sealed in services.items()
            for _, setting in view.settings(sealed)
            for left in setting.left
        ],
        "completeness": {name: view.completeness(sealed.completeness) for name, sealed in services.items()},
        "notes": {name: sealed.notes for name, sealed in services.items() if sealed.notes},
    }


def _row(seal: Seal, name: str, project: Project | None) -> Mapping[str, Any]:
    """One service in the table of the seal, in the words of the terminal's."""
    sealed = seal.services[name]
    service = project.services.get(name) if project else None
    limits = sealed.limits
    return {
        "service": name,
        "image": sealed.image.reference,
        "user": view.user(sealed, service),
        "capabilities": view.capabilities(sealed),
        "before": view.capabilities_before(service) if service else "",
        "writable": view.writable(sealed, service) or ["nothing"],
        "syscalls": view.system_calls(sealed),
        "memory": size(limits.memory) if limits.memory else "as is",
        "pids": str(limits.pids) if limits.pids else "as is",
    }
