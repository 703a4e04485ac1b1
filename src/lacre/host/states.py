"""What holds for each setting, now and after a restart, and who says so: pure over facts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lacre.host import dockerd, needs, sysctl
from lacre.host.facts import Boot, Facts
from lacre.host.model import KeyState, Kind, Place, Profile, Setting, State, Verdict, Wanted
from lacre.host.sysctl import Order

_CMDLINE = Place("/proc/cmdline")


def states(facts: Facts, profile: Profile, settings: Iterable[Setting]) -> tuple[State, ...]:
    """The state of every setting that the profile wants, in the order of the table."""
    return tuple(
        state(facts, setting, setting.wanted[profile]) for setting in settings if profile in setting.wanted
    )


def state(facts: Facts, setting: Setting, wanted: Wanted) -> State:
    """The state of one setting."""
    match setting.kind:
        case Kind.SYSCTL:
            keys = tuple(
                sysctl_key(facts, facts.order, setting, wanted, key) for key in facts.keys.get(setting.id, ())
            )
        case Kind.ENGINE:
            keys = _engine_key(facts, setting, wanted)
        case Kind.BOOT:
            keys = (_boot_key(facts.boot, setting, wanted),)
    found = State(setting=setting, wanted=wanted, keys=keys)
    return replace(found, users=needs.users(found.needs, facts)) if keys else found


def sysctl_key(facts: Facts, order: Order, setting: Setting, wanted: Wanted, key: str) -> KeyState:
    """One concrete sysctl; `order` is that of the files as they are, or as they would be."""
    raw = facts.values.get(key)
    now = None if raw is None else sysctl.plain(raw)
    later, decides, by, why = _later(facts, order, setting, key)
    return KeyState(
        key=key,
        now=now,
        now_verdict=_verdict(wanted, now),
        later=later,
        later_verdict=_verdict(wanted, later),
        decides=decides,
        decided_by=by,
        why_unknown=why or ("" if now is not None else "it cannot be read"),
    )


def _later(
    facts: Facts, order: Order, setting: Setting, key: str
) -> tuple[str | None, Place | None, str, str]:
    line = order.decides(key)
    if line is not None and line.value is not None:
        if facts.loader:
            return sysctl.plain(line.value), line.place, "", ""
        return (
            None,
            line.place,
            "",
            "no systemd-sysctl is here to read it",
        )
    given = facts.boot.now.get(f"sysctl.{key.replace('/', '.')}")
    if given is not None:  # Documentation/admin-guide/kernel-parameters.txt: sysctl.*
        return sysctl.plain(given), _CMDLINE, "", ""
    template = _template(key)
    line = order.decides(template) if template else None
    if line is not None and line.value is not None:
        return (
            None,
            line.place,
            "",
            f"it is {line.value} only if the interface comes up after that line was read",
        )
    default, why = _default(facts.boot, setting)
    return default, None, "the kernel's own default", why


def _template(key: str) -> str:
    """The key that an interface takes its value from when it appears; empty for other keys."""
    parts = key.split("/")
    own = len(parts) == 5 and parts[0] == "net" and parts[2] == "conf" and parts[3] not in ("all", "default")
    return "/".join([*parts[:3], "default", parts[4]]) if own else ""


def _default(boot: Boot, setting: Setting) -> tuple[str | None, str]:
    if setting.default.configured:
        if boot.configuration is None:
            return None, "nothing sets it, and the kernel's configuration is not here"
        for symbol, value in setting.default.configured.items():
            if boot.configuration.get(symbol) == "y":
                return value, ""
    if setting.default.value is None:
        return None, "nothing sets it; the default is not known"
    return setting.default.value, ""


def _engine_key(facts: Facts, setting: Setting, wanted: Wanted) -> tuple[KeyState, ...]:
    engine = facts.engine
    if not engine.there:
        return ()
    if setting.given is not None:
        other, values = setting.given
        if _or_default(_configured(facts, other), "null") not in values:
            return ()
    default = setting.default.value or "null"
    now, why = dockerd.in_force(engine, setting.key)
    later: str | None
    place: Place | None
    if engine.broken:
        later, place, why = None, Place(engine.config), f"{engine.config} cannot be read: {engine.broken}"
    else:
        found = engine.configured(setting.key)
        later, place = (default, None) if found is None else found
    now = default if now == "null" else now
    return (
        KeyState(
            key=setting.key,
            now=now,
            now_verdict=_verdict(wanted, now),
            later=later,
            later_verdict=_verdict(wanted, later),
            decides=place,
            decided_by="" if place else "the engine's own default",
            why_unknown=why,
        ),
    )


def _configured(facts: Facts, key: str) -> str | None:
    found = facts.engine.configured(key)
    return None if found is None else found[0]


def _or_default(value: str | None, default: str) -> str:
    return default if value is None else value


def _boot_key(boot: Boot, setting: Setting, wanted: Wanted) -> KeyState:
    default, why = _default(boot, setting)
    now = boot.now.get(setting.key, default)
    later = None if boot.next is None else boot.next.get(setting.key, default)
    if boot.next is None:
        why = "no configuration of GRUB is here"
    return KeyState(
        key=setting.key,
        now=now,
        now_verdict=_verdict(wanted, now),
        later=later,
        later_verdict=_verdict(wanted, later),
        decides=boot.next_place if boot.next is not None and setting.key in boot.next else None,
        decided_by="the kernel's own default",
        why_unknown="" if now is not None and later is not None else why,
    )


def _verdict(wanted: Wanted, value: str | None) -> Verdict:
    if value is None:
        return Verdict.UNKNOWN
    return Verdict.GOOD if wanted.accepts(value) else Verdict.BAD
