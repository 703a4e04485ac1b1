"""The pages of the checks, made from their docstrings, and the two tables over all of them. Pure text."""

from __future__ import annotations

from collections.abc import Iterable

from lacre.audit import cis
from lacre.audit.check import Check
from lacre.audit.peers import LEFT, PEERS
from lacre.audit.registry import BY_ID, CHECKS


def check_page(name: str) -> str:
    """The page of one check, without its heading's markers."""
    check = BY_ID[name]
    page = check.page
    facts = [
        ("severity", check.severity.value),
        ("confidence", check.confidence.value),
        ("level", str(check.level)),
        ("looks at", ", ".join(check.scopes)),
        ("mend", check.mend.value),
        ("CIS Docker Benchmark 1.6", check.cis),
        ("elsewhere", ", ".join(check.peers)),
    ]
    table = "".join(f"| {key} | {value} |\n" for key, value in facts if value)
    example = f"```{_language(check)}\n{page.example}\n```"
    return (
        f"# {check.id}: {page.title}\n\n`{check.name}`\n\n{page.why}\n\n## How to mend it\n\n{page.mend}\n\n"
        f"{example}\n\n| | |\n| --- | --- |\n{table}"
    )


def _language(check: Check) -> str:
    if check.service is not None:
        return "yaml"
    if check.stage is not None:
        return "dockerfile"
    if check.container is not None:
        return "yaml" if check.page.example.startswith("services:") else "console"
    return {"{": "json", "$": "console"}.get(check.page.example[0], "text")


def checks_table() -> str:
    """All checks, by section."""
    text = ""
    for section in dict.fromkeys(check.section for check in CHECKS):
        text += f"## {section.value}\n\n| check | what must be true | severity | level | looks at | mend | CIS 1.6 |\n"
        text += "| --- | --- | --- | --- | --- | --- | --- |\n"
        for check in CHECKS:
            if check.section is section:
                cells = (
                    f"[{check.id}](checks/{check.id}.md)",
                    _cell(check.title),
                    check.severity.value,
                    str(check.level),
                    ", ".join(check.scopes),
                    check.mend.value,
                    check.cis,
                )
                text += f"| {' | '.join(cells)} |\n"
        text += "\n"
    return text


def peers_table() -> str:
    """Each peer's check: which of lacre's asks the same, or to whom it is left and why."""
    text = ""
    for peer, ids in PEERS.items():
        text += f"## {peer}\n\n| its check | here |\n| --- | --- |\n"
        text += "".join(f"| {_cell(name)} | {_cell(_here(f'{peer}:{name}'))} |\n" for name in ids)
        text += "\n"
    return text


def cis_table() -> str:
    """Each number of the CIS Docker Benchmark 1.6: the checks that answer it and what they look at, or why none can."""
    text = "| CIS 1.6 | here | looks at | what must be true |\n| --- | --- | --- | --- |\n"
    for number, checks in cis.by_number(CHECKS).items():
        here = ", ".join(f"[{check.id}](checks/{check.id}.md)" for check in checks) or "by hand"
        scopes = ", ".join(dict.fromkeys(scope.value for check in checks for scope in check.scopes))
        what = "; ".join(check.title for check in checks) or cis.LEFT.get(number, "not yet")
        text += f"| {number} | {here} | {scopes} | {_cell(what)} |\n"
    return text


def _here(name: str) -> str:
    found = covering(name)
    return ", ".join(f"[{check.id}](checks/{check.id}.md)" for check in found) or LEFT.get(name, "not yet")


def covering(name: str) -> list[Check]:
    """The checks that say they ask what the peer's check `tool:id` asks."""
    return [check for check in CHECKS if name in check.peers]


def unknown_peers() -> Iterable[str]:
    """What a check calls a peer's, and no list has."""
    known = {f"{peer}:{name}" for peer, ids in PEERS.items() for name in ids}
    return [name for check in CHECKS for name in check.peers if name not in known]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
