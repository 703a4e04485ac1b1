"""Fills the generated parts of README.md and docs/*.md from the commands themselves.

    python -m lacre.cli.docs [--check] [DIRECTORY]

A generated part stands between `<!-- generated: NAME -->` and `<!-- end -->`. NAME is `help` (what
`lacre --help` prints), `usage COMMAND`, `options COMMAND`, `transcript` (docs/transcript.txt), of the attacks
`attack ID` and `attacks`, of the audit `check ID`, `checks`, `peers` and `cis`. With `--check` nothing is written,
and the exit code is 1 when something would change.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import typer.main

from lacre.attacks import ATTACKS
from lacre.attacks import pages as attack_pages
from lacre.audit import pages as audit_pages
from lacre.audit.registry import BY_ID
from lacre.cli.app import app
from lacre.report import host_pages

TRANSCRIPT = Path("docs/transcript.txt")

_PART = re.compile(
    r"(?P<begin><!-- generated: (?P<name>[a-z]+)(?: (?P<argument>[a-zA-Z0-9-]+))? -->\n).*?(?P<end><!-- end -->)",
    re.DOTALL,
)


def pages(root: Path) -> list[Path]:
    """The pages that may have generated parts."""
    return sorted(
        [
            *root.glob("*.md"),
            *root.glob("docs/*.md"),
            *root.glob("docs/checks/*.md"),
            *root.glob("docs/attacks/*.md"),
        ]
    )


def filled(text: str, root: Path) -> str:
    """The text of a page with its generated parts made anew."""

    def part(found: re.Match[str]) -> str:
        make = _MAKERS.get(found["name"])
        if make is None:
            raise ValueError(f"no generated part is called {found['name']!r}")
        return f"{found['begin']}\n{make(found['argument'] or '', root)}\n{found['end']}"

    return _PART.sub(part, text)


def _help(_: str, root: Path) -> str:
    del root
    command: Any = typer.main.get_command(app)
    settings = {**command.context_settings, "terminal_width": 80, "max_content_width": 80}
    context = command.context_class(command, info_name="lacre", **settings)
    return _block("console", f"$ lacre --help\n{command.get_help(context)}")


def _usage(name: str, root: Path) -> str:
    del root
    lines = []
    for title, command in _commands(name):
        context = command.context_class(command, info_name=title)
        lines.append(" ".join(["lacre", title, *command.collect_usage_pieces(context)]))
    return _block("text", "\n".join(lines))


def _options(name: str, root: Path) -> str:
    del root
    commands = _commands(name)
    if len(commands) == 1:
        return _table(commands[0][1])
    return "\n".join(f"### lacre {title}\n\n{_table(command)}" for title, command in commands)


def _table(command: Any) -> str:
    lines = ["| option | meaning | default |", "| --- | --- | --- |"]
    for parameter in command.params:
        names = ", ".join(option for option in parameter.opts if option.startswith("-"))
        negative = " / ".join(getattr(parameter, "secondary_opts", ()))  # --attack / --no-attack
        value = "" if getattr(parameter, "is_flag", False) else parameter.metavar or ""
        default = f"`{names}`" if negative and parameter.default else _default(parameter.default)
        spelled = f"{names} / {negative}" if negative else f"{names} {value}".strip()
        cells = (f"`{spelled}`", parameter.help, default)
        lines.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(value: Any) -> str:
    if value is None or value is False:
        return ""
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _transcript(_: str, root: Path) -> str:
    return _block("console", (root / TRANSCRIPT).read_text(encoding="utf-8"))


_MAKERS: dict[str, Callable[[str, Path], str]] = {
    "attack": lambda name, _: attack_pages.attack_page(name),
    "attacks": lambda _, __: attack_pages.attacks_table(),
    "check": lambda name, _: audit_pages.check_page(name),
    "checks": lambda _, __: audit_pages.checks_table(),
    "peers": lambda _, __: audit_pages.peers_table(),
    "cis": lambda _, __: audit_pages.cis_table(),
    "help": _help,
    "usage": _usage,
    "options": _options,
    "settings": lambda _, __: host_pages.settings(),
    "transcript": _transcript,
}


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def _commands(name: str) -> list[tuple[str, Any]]:
    """The command of that name; of a group, each of its commands."""
    group: Any = typer.main.get_command(app)
    command = group.commands[name]
    inner = getattr(command, "commands", None)
    return [(name, command)] if inner is None else [(f"{name} {word}", one) for word, one in inner.items()]


def main(arguments: Sequence[str] | None = None) -> int:
    """Fill all pages; returns the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    check = "--check" in words
    root = Path(next((word for word in words if not word.startswith("-")), os.curdir))
    stale = 0
    for kind, names in (("check", list(BY_ID)), ("attack", [attack.id for attack in ATTACKS])):
        for name in (
            names if not check and (root / "docs" / f"{kind}s").is_dir() else ()
        ):  # a new one gets its page
            page = root / "docs" / f"{kind}s" / f"{name}.md"
            if not page.exists():
                page.write_text(f"<!-- generated: {kind} {name} -->\n<!-- end -->\n", encoding="utf-8")
    for page in pages(root):
        before = page.read_text(encoding="utf-8")
        after = filled(before, root)
        if after != before:
            stale += 1
            print(f"{page}: {'out of date' if check else 'filled'}")
            if not check:
                page.write_text(after, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
