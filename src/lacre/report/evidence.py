"""What `lacre show` prints: a seal, service by service, with who needed each grant, when and in which run."""

from __future__ import annotations

from collections.abc import Iterable

from lacre.report import seal_view as view
from lacre.report.text import Look, count, heading, size, styled, table, visible
from lacre.seal.model import Ground, Limits, Logging, Network, Seal, ServiceSeal, Setting


def render(seal: Seal, services: Iterable[str], look: Look) -> str:
    """The seal of the named services as text."""
    parts = [_head(seal, look)]
    parts += [_service(name, seal.services[name], look) for name in services]
    return "\n".join(parts)


def ground(proved: Ground) -> str:
    """Where a seal was proved, in one line."""
    return (
        f"Docker {proved.engine}, kernel {proved.kernel}, cgroup v{proved.cgroup}, "
        f"{'AppArmor' if proved.apparmor else 'no AppArmor'}, Compose {proved.compose}"
    )


def _head(seal: Seal, look: Look) -> str:
    rows = [
        ["margin", seal.margin.value],
        ["proved", f"{count(seal.trials, 'trial')} on {ground(seal.ground)}"],
    ]
    rows += [["files", " ".join(seal.files)]] if seal.files else []
    rows += [["profiles", " ".join(seal.profiles)]] if seal.profiles else []
    rows += [
        ["exercise", f"{exercise.service}={exercise.command}" if exercise.service else exercise.command]
        for exercise in seal.exercises
    ] or [["exercise", "none: only the built-in one, health checks and the life cycle"]]
    return f"{heading('seal of ' + visible(seal.project), look)}\n{table(['', ''], rows, look)}"


def _service(name: str, sealed: ServiceSeal, look: Look) -> str:
    image = visible(f"{sealed.image.reference} ({sealed.image.architecture})")
    parts = [f"{heading(visible(name), look)}  {image}\n"]
    for words, setting in view.settings(sealed):
        parts.append(_control(words, setting, value(sealed, setting), look))
    said = view.completeness(sealed.completeness)
    parts.append(_titled("how complete the exercise was", [[line] for line in said], look))
    if sealed.notes:
        parts.append(_titled("notes", [[note] for note in sealed.notes], look))
    return "".join(parts)


def _control(words: str, setting: Setting, value: str, look: Look) -> str:
    text = f" {heading(words, look)}: {visible(value)}\n"
    if setting.off:
        text += f"  {styled('off', '1;31', look)}: {visible(setting.off)}\n"
    if setting.grants:
        rows = [
            [grant.what, grant.reason, _evidence(grant.by, grant.phase, grant.run)]
            for grant in setting.grants
        ]
        text += table(["granted", "because", "seen"], rows, look)
    if setting.left:
        rows = [[left.what, left.reason, _evidence(left.by, left.phase)] for left in setting.left]
        text += table(["left refused", "because", "seen"], rows, look)
    return text


def _evidence(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _titled(title: str, rows: list[list[str]], look: Look) -> str:
    return f" {heading(title, look)}\n{table([''], rows, look)}"


def value(sealed: ServiceSeal, setting: Setting) -> str:
    """What a control of a service is set to, in a few words."""
    if setting is sealed.user:
        groups = sealed.user.group_add
        return view.user(sealed, None) + (f", groups {' '.join(groups)}" if groups else "")
    if setting is sealed.capabilities:
        return view.capabilities(sealed)
    if setting is sealed.filesystem:
        closed = "read-only root" if sealed.filesystem.read_only else "writable root"
        turned = [f"{path} read-only" for path in sealed.filesystem.read_only_mounts]
        return ", ".join([closed, *view.writable(sealed, None), *turned])
    if setting is sealed.syscalls:
        return _system_calls(sealed)
    if setting is sealed.privileges:
        return "no-new-privileges" if sealed.privileges.no_new_privileges else "new privileges allowed"
    return _plain_value(setting)


def _system_calls(sealed: ServiceSeal) -> str:
    share = view.refused_share(sealed)
    if share is None:
        return view.system_calls(sealed)
    return (
        f"{len(sealed.syscalls.allowed)} allowed, {len(sealed.syscalls.observed)} observed; "
        f"{share:.0%} of what Docker's default allows is refused" + _sockets(sealed)
    )


def _sockets(sealed: ServiceSeal) -> str:
    kinds = sealed.syscalls.sockets
    return "" if kinds is None else f"; sockets: {' '.join(sorted(kinds)) or 'none'}"


def _plain_value(setting: Setting) -> str:
    match setting:
        case Limits():
            said = [
                f"memory {size(setting.memory)}" if setting.memory else "",
                f"pids {setting.pids}" if setting.pids else "",
                f"cpus {setting.cpus:g}" if setting.cpus else "",
                f"nofile {setting.nofile}" if setting.nofile else "",
            ]
            return ", ".join(filter(None, said)) or "as the base has them"
        case Logging():
            options = "".join(f" {key}={value}" for key, value in sorted(setting.options.items()))
            driver = f"{setting.driver}{options}" if setting.driver else "as the base has it"
            return driver + (f"; files inside: {' '.join(setting.files)}" if setting.files else "")
        case Network():
            listens = " ".join(setting.listening) or "nothing"
            return f"listens on {listens}; reaches {' '.join(setting.reaches) or 'nobody'}"
        case _:
            return ""
