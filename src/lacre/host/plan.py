"""What to change, and what not: pure over facts and states.

A setting that somebody here surely needs is held back unless it is accepted by name. What the kernel does not
take back is only written for the next start. A key that a later file sets otherwise is set now, and the file
is named: it is the user's, and is left alone.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from lacre.errors import GroundError
from lacre.host import jsontext, sysctl
from lacre.host.facts import DROP_IN, Facts, warnings
from lacre.host.model import Change, KeyState, Kind, Plan, Profile, Risk, Setting, State, Verdict
from lacre.host.needs import TOLD_BY_ENGINE
from lacre.host.states import sysctl_key
from lacre.host.sysctl import Order

RUN_ON = "with live-restore containers run on, and dockerd then leaves its networks as they are"


def plan(facts: Facts, profile: Profile, states: Sequence[State], accepted: Collection[str] = ()) -> Plan:
    """The plan; raises GroundError where daemon.json is broken, since nothing can be added to it then."""
    made = [change for state in states if (change := _change(facts, state, accepted)) is not None]
    changes = [change for change in made if not change.held]
    drop_in = _drop_in(facts, profile, states, changes)
    daemon = _daemon_json(facts, changes)
    texts = [pair for pair in (drop_in, daemon) if pair is not None]
    if drop_in is not None:
        changes = _overruled(facts, changes, drop_in[1])
    return Plan(
        profile=profile,
        changes=tuple(changes),
        held=tuple(change for change in made if change.held),
        texts=tuple((file, text.encode("utf-8", "surrogateescape")) for file, text in texts),
        diff="" if drop_in is None else _diff(DROP_IN, facts.drop_in or "", drop_in[1]),
        restart=tuple(
            state.setting.id
            for state in states
            if state.setting.kind is Kind.ENGINE and _waits(facts, state, changes)
        ),
        warnings=warnings(facts),
    )


def _waits(facts: Facts, state: State, changes: Iterable[Change]) -> bool:
    """Whether it holds only once the engine is restarted: written now, or before and not read yet."""
    if any(change.setting is state.setting for change in changes):
        return True
    written = state.later is Verdict.GOOD and state.now not in (Verdict.GOOD, Verdict.ABSENT)
    return facts.engine.running and written


def _change(facts: Facts, state: State, accepted: Collection[str]) -> Change | None:
    setting = state.setting
    if setting.kind is Kind.BOOT or setting.only_told or state.now is Verdict.ABSENT:
        return None
    if setting.kind is Kind.ENGINE:
        return None if state.later is Verdict.GOOD else _engine_change(facts, state, accepted)
    if state.later is Verdict.GOOD and (state.now is Verdict.GOOD or setting.one_way):
        return None
    return _sysctl_change(facts, state, accepted)


def _sysctl_change(facts: Facts, state: State, accepted: Collection[str]) -> Change:
    setting, wanted = state.setting, state.wanted
    away = [key for key in state.keys if key.now_verdict is not Verdict.GOOD]
    notes = _blind(state)
    if setting.one_way and away:
        notes.append("set for the next start only: this kernel does not take it back before one")
        away = []
    held = _held(state, accepted)
    fixed = [key.key for key in away if key.key in facts.unwritable]
    if fixed and not held:
        held = f"{', '.join(fixed)} cannot be written here: /proc/sys is read-only, or the key is"
    return Change(
        state=state,
        risk=risk(state),
        values=tuple((key.key, key.now, wanted.write) for key in away),
        file=DROP_IN,
        line=state.later is not Verdict.GOOD,
        held=held,
        notes=tuple(notes),
    )


def _engine_change(facts: Facts, state: State, accepted: Collection[str]) -> Change:
    setting = state.setting
    held = _held(state, accepted) or _not_asked(facts, state, accepted)
    if facts.engine.flagged(setting.key):  # whatever is accepted
        held = (
            "it is on dockerd's command line, and dockerd refuses a key that stands in both: change it there"
        )
    note = "dockerd takes it at a reload (SIGHUP)" if setting.reload else "in force once dockerd is restarted"
    if setting.network and facts.engine.asked is not None and facts.engine.asked.live_restore:
        note += f" while no container runs: {RUN_ON}"
    return Change(
        state=state,
        risk=risk(state),
        values=(),
        file=facts.engine.config,
        line=True,
        held=held,
        notes=(*_blind(state), note),
    )


def risk(state: State) -> Risk:
    """What a change to this setting may do here."""
    if state.needed:
        return Risk.BREAKS
    return Risk.POSSIBLE if state.users or state.setting.breaks else Risk.NONE


def _held(state: State, accepted: Collection[str]) -> str:
    if not state.needed or state.setting.id in accepted:
        return ""
    return "; ".join(f"{user.who} {user.what}" for user in state.users if user.sure)


def _not_asked(facts: Facts, state: State, accepted: Collection[str]) -> str:
    """Why nobody knows who needs it, where only the engine could tell and one runs that did not."""
    known = facts.engine.asked is not None or not facts.engine.running
    if known or state.setting.id in accepted or TOLD_BY_ENGINE.isdisjoint(state.needs):
        return ""
    return f"only the engine knows who needs it, and it could not be asked: {facts.engine.silent or 'it was not'}"


def _blind(state: State) -> list[str]:
    return ["nothing on a host shows who needs it: nobody can be named"] if state.blind else []


def _drop_in(
    facts: Facts, profile: Profile, states: Sequence[State], changes: Sequence[Change]
) -> tuple[str, str] | None:
    """The file with the lines that it has already and the new ones; None: it stays as it is."""
    new = {
        key: change.state.target
        for change in changes
        if change.setting.kind is Kind.SYSCTL and change.line
        for key in _keys(change.setting)
    }
    if not new:
        return None
    kept = {
        line.key: line.value
        for line in facts.order.all
        if line.place.file == DROP_IN and line.value is not None
    }
    values = {**kept, **new}
    lines = [
        f"# Written by `lacre host apply --profile {profile}`; `lacre host rollback` takes it away again.",
        "# What differs from it on purpose belongs into a file with a later name.",
    ]
    for state in states:
        chosen = [key for key in _keys(state.setting) if key in values]
        if chosen:
            lines += ["", f"# {state.setting.title}"]
            lines += [_line(key, values.pop(key)) for key in chosen]
    if values:  # of an earlier apply, and not asked about in this one
        lines += ["", *(_line(key, value) for key, value in values.items())]
    text = "\n".join(lines) + "\n"
    return None if text == facts.drop_in else (DROP_IN, text)


def _line(key: str, value: str) -> str:
    return f"{key.replace('/', '.')} = {value}"


def _keys(setting: Setting) -> tuple[str, ...]:
    """The keys to write for a setting. A glob gives way to every line that names a key exactly, however early, so
    the two keys that everybody names are written out beside it."""
    if "/conf/*/" not in setting.key:
        return (setting.key,)
    return (*(setting.key.replace("*", word) for word in ("all", "default")), setting.key)


def _daemon_json(facts: Facts, changes: Sequence[Change]) -> tuple[str, str] | None:
    """The file as it would be; raises GroundError where nothing can be put into it."""
    wanted = [change for change in changes if change.setting.kind is Kind.ENGINE]
    if not wanted:
        return None
    text, problem = facts.engine.text or "", facts.engine.broken
    try:
        for change in wanted if not problem else ():
            text = jsontext.put(text, change.setting.key.split("/"), change.state.wanted.write)
    except jsontext.BrokenJsonError as broken:  # a member on the way is no object
        problem = str(broken)
    if problem:
        raise GroundError(
            f"planning changes to {facts.engine.config}",
            problem,
            "mend the file (dockerd does not start with it either), and run it again; nothing was changed",
        )
    return facts.engine.config, text


def _overruled(facts: Facts, changes: Sequence[Change], drop_in: str) -> list[Change]:
    """The changes, with the places that still decide otherwise once the drop-in is there."""
    lines, _ = sysctl.parse(DROP_IN, drop_in)
    order = with_file(facts.order, DROP_IN, lines)
    told = []
    for change in changes:
        if change.setting.kind is not Kind.SYSCTL or not change.line:
            told.append(change)
            continue
        still = [_overrules(facts, order, change.state, key.key) for key in change.state.keys]
        told.append(replace(change, notes=(*change.notes, *dict.fromkeys(note for note in still if note))))
    return told


def _overrules(facts: Facts, order: Order, state: State, key: str) -> str:
    after: KeyState = sysctl_key(facts, order, state.setting, state.wanted, key)
    if after.later_verdict is not Verdict.BAD or after.decides is None:
        return ""
    return (
        f"after a restart {after.decides} decides with {after.later}: it is read later than {DROP_IN} or names the "
        "key exactly, and is not lacre's to change"
    )


def with_file(order: Order, file: str, lines: Sequence[sysctl.Assignment]) -> Order:
    """The order as it would be with another content of `file`."""
    name = file.rpartition("/")[2].encode()
    others = [one for one in order.all if one.place.file != file]

    def before(one: sysctl.Assignment) -> bool:
        return one.place.file.rpartition("/")[2].encode("utf-8", "surrogateescape") < name

    return Order([*filter(before, others), *lines, *(one for one in others if not before(one))])


def _diff(file: str, old: str, new: str) -> str:
    return "".join(
        difflib.unified_diff(
            old.splitlines(keepends=True),
            new.splitlines(keepends=True),
            file if old else "/dev/null",
            file,
            n=1,
        )
    )
