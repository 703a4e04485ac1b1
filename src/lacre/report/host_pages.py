"""The documentation of the settings, made from the table itself."""

from __future__ import annotations

from collections.abc import Iterable

from lacre.host.model import Kind, Need, Profile, Setting
from lacre.host.settings import SETTINGS

_TITLES = {
    Kind.SYSCTL: "Kernel (sysctl)",
    Kind.ENGINE: "Engine (daemon.json)",
    Kind.BOOT: "Boot parameters (told, never written)",
}
_BLIND = "nobody, since nothing on a host shows who needs it"


def settings() -> str:
    """Every setting of the table, by kind."""
    parts = []
    for kind, title in _TITLES.items():
        chosen = [setting for setting in SETTINGS if setting.kind is kind]
        parts.append(f"## {title}\n\n{_overview(chosen)}\n")
        parts += [_section(setting) for setting in chosen]
    return "\n".join(parts)


def _overview(chosen: Iterable[Setting]) -> str:
    columns = " | ".join(Profile)
    lines = [f"| setting | {columns} |", f"| --- | {' | '.join('---' for _ in Profile)} |"]
    for setting in chosen:
        cells = " | ".join(_wanted(setting, profile) for profile in Profile)
        lines.append(f"| [{setting.id}](#{_anchor(setting.id)}) | {cells} |")
    return "\n".join(lines)


def _wanted(setting: Setting, profile: Profile) -> str:
    wanted = setting.wanted.get(profile)
    if wanted is None:
        return ""
    if wanted.never and "null" not in wanted.never:
        return f"not {', '.join(f'`{value}`' for value in wanted.never)}"
    bounds = [
        *([f"{wanted.least} or more"] if wanted.least is not None else []),
        *([f"{wanted.most} or less"] if wanted.most is not None else []),
    ]
    also = [f"`{value}`" for value in wanted.also]
    return "; ".join([f"`{wanted.write}`", *(["also " + ", ".join(also)] if also else []), *bounds])


def _anchor(id: str) -> str:
    """What GitHub makes of a heading."""
    return "".join(character for character in id.lower() if character.isalnum() or character in "-_")


def _section(setting: Setting) -> str:
    needs = ", ".join(sorted({need.value for need in _needs(setting)}))
    lines = [
        f"### {setting.id}",
        "",
        f"{setting.title[0].upper()}{setting.title[1:]}. Severity: {setting.severity}.",
        "",
        f"- **Why**: {setting.why}.",
        *([f"- **May break**: {setting.breaks}."] if setting.breaks else []),
        *([f"- **Looked for on this host**: {needs or _BLIND}."] if needs or setting.breaks else []),
        *(["- **One way**: the kernel does not take it back before a restart; set for the next start only."]
          if setting.one_way else []),
        *([f"- **Never written**: {setting.only_told}."] if setting.only_told else []),
        *(["- **Reload**: dockerd takes it at `--reload-engine`."] if setting.reload else []),
        f"- **Source**: {'; '.join(setting.sources)}.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _needs(setting: Setting) -> set[Need]:
    found = set(setting.needs)
    for wanted in setting.wanted.values():
        found |= set(wanted.needs or ())
    return found
