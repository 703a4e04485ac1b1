"""What `lacre host` prints: audit, plan, what was applied, what was rolled back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lacre.host.model import Change, KeyState, Kind, Plan, Risk, State, Verdict
from lacre.host.plan import RUN_ON
from lacre.host.rollback import Undone
from lacre.host.work import Applied, Audit, faulty
from lacre.report import jsonout
from lacre.report.text import Cell, Look, count, heading, table, visible, warning

_MANY = 3  # keys and users named before "and N more"


def audit(found: Audit, look: Look) -> str:
    """Findings, then what somebody here needs, what is not known, and how many are good."""
    parts = []
    needed = [state for state in found.states if faulty(state) and state.needed]
    unknown = [
        state for state in found.states if not faulty(state) and Verdict.UNKNOWN in (state.now, state.later)
    ]
    if found.findings:
        parts.append(_states("not as it should be", found.findings, look))
    if needed:
        parts.append(_states("left so, since somebody here needs it", needed, look, users=True))
    if unknown:
        parts.append(_states("not known", unknown, look))
    absent = sum(state.now is Verdict.ABSENT for state in found.states)
    good = len(found.states) - len(found.findings) - len(needed) - len(unknown) - absent
    parts.append(
        f"{found.profile}: {count(len(found.findings), 'finding')}, {len(needed)} needed here, {len(unknown)} "
        f"unknown, {good} good, {absent} not in this kernel or engine\n"
    )
    if found.silent:
        parts.append(warning(f"the engine could not be asked: {found.silent}", look) + "\n")
    if any(not state.setting.only_told and state.setting.kind is not Kind.BOOT for state in found.findings):
        parts.append("next: lacre host plan\n")
    return "\n".join(parts)


def _states(title: str, states: Iterable[State], look: Look, *, users: bool = False) -> str:
    rows: list[list[Cell]] = []
    for state in states:
        setting = state.setting
        told: tuple[str, ...] = (setting.id, f"{setting.severity}: {setting.title}")
        if users:
            told = (setting.id, *_some(f"{user.who} {user.what}" for user in state.users if user.sure))
        now = _values(state, [(key, key.now, "") for key in _worst_keys(state, "now")])
        later = _values(state, [(key, key.later, _decided(key)) for key in _worst_keys(state, "later")])
        rows.append([told, now, later, _wanted(state)])
    return table([title, "now", "after a restart", "wanted"], rows, look)


def _values(state: State, values: list[tuple[KeyState, str | None, str]]) -> Cell:
    """Values with who decides them; keys of one setting that hold the same are told together."""
    together: dict[tuple[str, str], list[str]] = {}
    for key, value, by in values:
        together.setdefault(("?" if value is None else value, by), []).append(_last_part(state, key))
    lines: list[str] = []
    for (value, by), names in together.items():
        lines.append(value if len(state.keys) == 1 else f"{value}: {', '.join(_some(names))}")
        lines += [by] if by else []
    return tuple(_some(lines, 2 * _MANY))


def _decided(key: KeyState) -> str:
    """Who decides a value after a restart, or why that is not known."""
    unknown = key.why_unknown if key.later is None else ""
    return " - ".join(filter(None, (str(key.decides or ""), unknown))) or key.decided_by


def _worst_keys(state: State, when: str) -> list[KeyState]:
    def verdict(key: KeyState) -> Verdict:
        return key.now_verdict if when == "now" else key.later_verdict

    bad = [key for key in state.keys if verdict(key) is not Verdict.GOOD]
    return bad or list(state.keys[:1])


def _last_part(state: State, key: KeyState) -> str:
    """What the `*` of a key stands for."""
    for pattern, part in zip(state.setting.key.split("/"), key.key.split("/"), strict=False):
        if "*" in pattern:
            return part
    return key.key


def _wanted(state: State) -> str:
    wanted = state.wanted
    if wanted.never and "null" not in wanted.never:
        return f"not {', '.join(wanted.never)}"
    if wanted.least is None or wanted.most is not None:
        return wanted.write
    return f"{wanted.least} or more"


def _some(lines: Iterable[str], most: int = _MANY) -> list[str]:
    every = list(lines)
    return every if len(every) <= most else [*every[:most], f"and {len(every) - most} more"]


def plan(made: Plan, look: Look) -> str:
    """The changes with their risks, the files as a diff, and what is held back."""
    parts = []
    if made.changes:
        parts.append(
            table(["setting", "change", "risk", ""], [_row(change) for change in made.changes], look)
        )
    if made.diff:
        parts.append(f"{heading(made.texts[0][0], look)}\n{visible_lines(made.diff)}")
    engine = [change for change in made.changes if change.setting.kind is Kind.ENGINE]
    if engine:
        lines = "".join(f"+ {change.setting.key}: {change.state.wanted.write}\n" for change in engine)
        parts.append(f"{heading(engine[0].file, look)}, its formatting kept\n{lines}")
    if made.held:
        rows: list[list[Cell]] = [
            [change.setting.id, _change(change), tuple(_some(change.held.split("; ")))]
            for change in made.held
        ]
        parts.append(table(["held back", "", "because"], rows, look, bold_first=True))
        parts.append("a setting that is held back is changed with --accept SETTING\n")
    if made.restart:
        parts.append(f"in force only once dockerd is restarted: {', '.join(made.restart)}\n")
    if not made.changes:
        parts.append("nothing to change\n")
    else:
        parts.append(
            f"{count(len(made.changes), 'change')}, {len(made.held)} held back; next: lacre host apply "
            f"--profile {made.profile}\n"
        )
    return "\n".join(parts)


def visible_lines(text: str) -> str:
    """Lines made visible, each by itself."""
    return "".join(f"{visible(line)}\n" for line in text.splitlines())


def _row(change: Change) -> list[Cell]:
    notes = [f"{user.who} {user.what}" for user in change.state.users]
    may = (
        [f"may break: {change.setting.breaks}"]
        if change.risk is Risk.POSSIBLE and change.setting.breaks
        else []
    )
    return [change.setting.id, _change(change), change.risk.value, (*may, *_some(notes), *change.notes)]


def _change(change: Change) -> Cell:
    keys = {key.key: key for key in change.state.keys}
    lines = [
        f"{_last_part(change.state, keys[key])}: {before} → {after}"
        if len(keys) > 1
        else f"{before} → {after}"
        for key, before, after in change.values
    ]
    if not lines:
        first = change.state.keys[0]
        lines = [f"{'?' if first.later is None else first.later} → {change.state.target}"]
    if not change.line:
        lines.append("(the files say so already)")
    elif not change.values:
        lines.append("(in the file; for the next start)")
    return tuple(_some(lines))


def applied(done: Applied, look: Look) -> str:
    """What was done, what is left, and the way back."""
    parts = _recovered(done.recovered)
    parts.append(plan_rest(done.plan, look))
    if done.done:
        parts.append(
            "written and verified:\n" + "".join(f"  {visible(name)}\n" for name in _some(done.done, 60))
        )
    else:
        parts.append("nothing to change\n")
    parts += [f"{warning(note, look)}\n" for note in done.notes]
    wrong = [
        state
        for state in done.after
        if state.later is Verdict.BAD and any(change.setting is state.setting for change in done.plan.changes)
    ]
    for state in wrong:
        places = {str(key.decides) for key in state.keys if key.later_verdict is Verdict.BAD}
        parts.append(
            warning(
                f"{state.setting.id} is lost at the next start: {', '.join(sorted(places))} decides", look
            )
            + "\n"
        )
    if not done.restarted and done.waiting:
        waiting = ", ".join(state.setting.id for state in done.waiting)
        parts.append(f"in force only once dockerd is restarted: {waiting}\n")
    for state in done.not_taken:
        why = f" ({RUN_ON}: stop them, and restart it)" if state.setting.network else ""
        text = f"{state.setting.id} is written, and not in force although dockerd was restarted{why}"
        parts.append(warning(text, look) + "\n")
    if done.done:
        parts.append("the way back: lacre host rollback\n")
    return "\n".join(part for part in parts if part)


def plan_rest(made: Plan, look: Look) -> str:
    """What was held back."""
    if not made.held:
        return ""
    rows: list[list[Cell]] = [
        [change.setting.id, tuple(_some(change.held.split("; ")))] for change in made.held
    ]
    return table(["held back", "because"], rows, look, bold_first=True)


def _recovered(undone: Undone) -> list[str]:
    if not undone.runs:
        return []
    names = "".join(f"  {visible(name)}\n" for name in undone.restored)
    return [f"an apply had died in the middle; what it had done was undone first\n{names}"]


def rolled_back(done: Undone, look: Look) -> str:
    """What is as before again, and what is not."""
    if not done.runs:
        return "nothing to roll back\n"
    parts = []
    if done.restored:
        parts.append("as it was before:\n" + "".join(f"  {visible(name)}\n" for name in done.restored))
    else:
        parts.append("everything was as before already\n")
    parts += [f"note: {visible(note)}\n" for note in done.notes]
    for name, why in done.left:
        parts.append(warning(f"{name} was left: {why}", look) + "\n")
    return "".join(parts)


def audit_json(found: Audit) -> str:
    """The result of `lacre host audit`."""
    return jsonout.dumps(
        {
            "version": 1,
            "profile": found.profile,
            "findings": [state.setting.id for state in found.findings],
            "states": [_state(state) for state in found.states],
            "silent": found.silent,
            "warnings": found.warnings,
        }
    )


def _state(state: State) -> dict[str, Any]:
    setting = state.setting
    return {
        "id": setting.id,
        "kind": setting.kind,
        "key": setting.key,
        "title": setting.title,
        "severity": setting.severity,
        "sources": setting.sources,
        "wanted": _wanted(state),
        "now": state.now,
        "later": state.later,
        "keys": [
            {
                "key": key.key,
                "now": key.now,
                "now_verdict": key.now_verdict,
                "later": key.later,
                "later_verdict": key.later_verdict,
                "file": key.decides.file if key.decides else None,
                "line": key.decides.line if key.decides else None,
                "decided_by": key.decided_by,
                "why_unknown": key.why_unknown,
            }
            for key in state.keys
        ],
        "users": [{"who": user.who, "what": user.what, "sure": user.sure} for user in state.users],
    }


def plan_json(made: Plan) -> str:
    """The result of `lacre host plan`."""
    return jsonout.dumps({"version": 1, **_plan(made)})


def _plan(made: Plan) -> dict[str, Any]:
    return {
        "profile": made.profile,
        "changes": [_planned(change) for change in made.changes],
        "held": [_planned(change) for change in made.held],
        "files": [file for file, _ in made.texts],
        "diff": made.diff,
        "restart": made.restart,
        "warnings": made.warnings,
    }


def _planned(change: Change) -> dict[str, Any]:
    return {
        **_state(change.state),
        "risk": change.risk,
        "values": [{"key": key, "before": before, "after": after} for key, before, after in change.values],
        "file": change.file if change.line else None,
        "held": change.held,
        "notes": change.notes,
        "breaks": change.setting.breaks,
    }


def applied_json(done: Applied) -> str:
    """The result of `lacre host apply`."""
    return jsonout.dumps(
        {
            "version": 1,
            "whole": done.whole,
            "done": done.done,
            "restarted": done.restarted,
            "waiting": [state.setting.id for state in done.waiting],
            "plan": _plan(done.plan),
            "after": [_state(state) for state in done.after],
            "recovered": done.recovered,
            "notes": done.notes,
        }
    )


def rolled_back_json(done: Undone) -> str:
    """The result of `lacre host rollback`."""
    return jsonout.dumps({"version": 1, **jsonout.plain(done)})
