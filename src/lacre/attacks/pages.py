"""The attacks as documentation: a table of all, and a page each, in Markdown."""

from __future__ import annotations

from lacre.attacks.model import STOPPERS, Attack
from lacre.attacks.registry import ATTACKS

_MITRE = "https://attack.mitre.org/techniques/"


def attacks_table() -> str:
    """Every attack in one line, by group."""
    lines = ["| attack | what it tries | technique | stopped by |", "| --- | --- | --- | --- |"]
    for group in dict.fromkeys(attack.group for attack in ATTACKS):
        lines.append(f"| **{group}** | | | |")
        lines += [
            f"| [{attack.id}](attacks/{attack.id}.md) | {attack.title} | {_technique(attack)} | {_stopper(attack)} |"
            for attack in ATTACKS
            if attack.group is group
        ]
    return "\n".join(lines) + "\n"


def attack_page(id: str) -> str:
    """One attack; KeyError if there is none of that identifier."""
    attack = {attack.id: attack for attack in ATTACKS}[id]
    parts = [
        f"# {attack.title}",
        f"`{attack.id}` · {attack.group} · MITRE ATT&CK {_technique(attack)}",
        attack.page,
        "## What a stop looks like",
        attack.sign,
        f"## {'How to mend it' if attack.control else 'Open by design'}",
        attack.mend if attack.control else f"{_sentence(attack.by_design)} {attack.mend}",
        f"Stopped by: {_stopper(attack)}.",
    ]
    return "\n\n".join(parts) + "\n"


def _stopper(attack: Attack) -> str:
    return STOPPERS[attack.control] if attack.control else "nothing yet: open by design"


def _technique(attack: Attack) -> str:
    return f"[{attack.technique}]({_MITRE}{attack.technique.replace('.', '/')}/)"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
