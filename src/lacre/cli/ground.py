"""What `lacre doctor` looks at: host, sensor, engine and Compose, as lines of yes, no, unknown.

The readers at the top touch the host; the judges below are pure functions over what they read.
"""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lacre.errors import GroundError, LacreError
from lacre.report.ground import Check, State
from lacre.report.text import size

if TYPE_CHECKING:
    from lacre.cli.work import Work
    from lacre.engine import EngineInfo
    from lacre.sensor import SensorGround

ENOUGH_SPACE = 1 << 30
"""Bytes that twins and copies of volumes may well take; less is named, not refused."""

COMPOSE_WITH_OVERRIDE = (2, 24, 4)
"""The first Compose that understands `!override` and `!reset`; older ones ignore them without a word."""

STILL = "`lacre audit` works as it is"
"""What every engine can have, whatever the sensor cannot see of it."""

_SYS_RESOURCE = 24
_CAPABILITIES = {  # include/uapi/linux/capability.h; those that a host's containers or the sensor may need
    0: "CHOWN",
    1: "DAC_OVERRIDE",
    2: "DAC_READ_SEARCH",
    12: "NET_ADMIN",
    16: "SYS_MODULE",
    19: "SYS_PTRACE",
    21: "SYS_ADMIN",
    _SYS_RESOURCE: "SYS_RESOURCE",
    38: "PERFMON",
    39: "BPF",
    40: "CHECKPOINT_RESTORE",
}


@dataclass(frozen=True, slots=True)
class Host:
    """This host. `bounding`: the capability bounding set as a bit mask; `last`: the highest capability."""

    root: bool
    kernel: str
    btf: bool
    bounding: int
    last: int
    machine: str


def examine(work: Work) -> tuple[Check, ...]:
    """All checks, in the order in which they are shown."""
    return (*_host(read_host()), *_sensor(work), *_engine(work))


def read_host() -> Host:
    """Read this host."""
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    try:
        last = int(Path("/proc/sys/kernel/cap_last_cap").read_text(encoding="ascii"))
    except (OSError, ValueError):
        last = max(_CAPABILITIES)
    return Host(
        root=os.geteuid() == 0,
        kernel=platform.release(),
        btf=Path("/sys/kernel/btf/vmlinux").is_file(),
        bounding=int(fields.get("CapBnd", "0"), 16),
        last=last,
        machine=platform.machine(),
    )


def _host(host: Host) -> Iterator[Check]:
    yield Check(
        group="host",
        what="root",
        state=_yes(host.root),
        why="the sensor watches the kernel" if host.root else "only root may watch the kernel",
        do="" if host.root else "run lacre as root (sudo)",
        needed=True,
    )
    yield Check(group="host", what="kernel", state=State.YES, why=f"Linux {host.kernel}, {host.machine}")
    yield Check(
        group="host",
        what="BTF",
        state=_yes(host.btf),
        why="/sys/kernel/btf/vmlinux tells the sensor how this kernel lays out its structures"
        if host.btf
        else "there is no /sys/kernel/btf/vmlinux: the sensor cannot fit itself to this kernel",
        do="" if host.btf else "use a kernel with CONFIG_DEBUG_INFO_BTF (every Debian since 12)",
        needed=True,
    )
    missing = [
        name
        for number, name in _CAPABILITIES.items()
        if number <= host.last and not host.bounding >> number & 1
    ]
    yield Check(
        group="host",
        what="capability bounding set",
        state=State.NO if missing else State.YES,
        why=f"never to be had here: {' '.join(missing)}; containers that ask for it, or --privileged, fail"
        if missing
        else "nothing is withheld from this process",
        do="run lacre outside the container or unit that limits it" if missing else "",
    )


def _yes(there: bool) -> State:
    return State.YES if there else State.NO


def _engine(work: Work) -> Iterator[Check]:
    try:
        engine = work.engine()
        info = engine.info()
    except LacreError as error:
        yield _refused("engine", "engine", error, needed=True)
        yield from _compose(work)
        return
    yield from engine_checks(info)
    yield from _compose(work)
    yield from _space(info)
    try:
        left = [item for item in work.leftovers(engine) if not item.alive]
    except LacreError as error:
        yield _refused("leftovers", "leftovers of earlier runs", error)
        return
    yield Check(
        group="leftovers",
        what="leftovers of earlier runs",
        state=_yes(bool(left)),
        why=", ".join(f"{item.kind} {item.name}" for item in left) if left else "nothing was left behind",
        do="lacre clean" if left else "",
    )


def engine_checks(info: EngineInfo) -> Iterator[Check]:
    """What the engine is, and what of a seal it can enforce."""
    name = "Podman" if info.podman else "Docker"
    yield Check(
        group="engine",
        what="engine",
        state=_yes(not info.podman),
        why=f"{name} {info.version}, {info.architecture}, {info.storage_driver}, data in {info.root_dir}",
        do="point DOCKER_HOST at Docker's own engine: Podman answers as Docker would, but its containers are not "
        f"made as Docker's are; {STILL}"
        if info.podman
        else "",
        needed=True,
    )
    yield Check(
        group="engine",
        what="rootful",
        state=_yes(not info.rootless),
        why="a rootless engine's containers are in a user namespace of their own"
        if info.rootless
        else "the engine runs as root",
        do=f"seal on the system's engine, and use the seal here; {STILL}" if info.rootless else "",
        needed=True,
    )
    yield Check(
        group="engine",
        what="on this kernel",
        state=_yes(info.local),
        why="its containers can be watched from here"
        if info.local
        else f"it runs elsewhere or rootless (kernel {info.kernel}): the sensor cannot see it",
        do="" if info.local else f"run lacre on the engine's own host, as root; {STILL}",
        needed=True,
    )
    yield Check(
        group="engine",
        what="seccomp",
        state=_yes(info.seccomp),
        why="system calls can be refused" if info.seccomp else "the engine or its kernel has none",
        do="" if info.seccomp else "use an engine with seccomp; a seal's profile would not be enforced here",
        needed=True,
    )
    yield Check(
        group="engine",
        what="AppArmor",
        state=_yes(info.apparmor),
        why="docker-default stays on under a seal, and refuses too"
        if info.apparmor
        else "not on here; a seal does not need it",
    )
    yield Check(
        group="engine",
        what="cgroups",
        state=State.YES,
        why=f"version {info.cgroup}, driver {info.cgroup_driver}: limits and peaks come from there",
    )
    yield Check(
        group="engine",
        what="user namespaces",
        state=_yes(info.userns),
        why=f"userns-remap: uid 0 of a container is uid {info.first_ids[0]} of the host"
        if info.userns
        else "uid 0 of a container is the host's; a seal takes root away where it can",
    )


def need(info: EngineInfo) -> None:
    """Raises GroundError about the first thing for which no twin can be watched on an engine."""
    for check in engine_checks(info):
        if check.needed and check.state is State.NO:
            raise GroundError("preparing to watch containers of this engine", check.why, check.do)


def _compose(work: Work) -> Iterator[Check]:
    try:
        compose = work.compose()
    except LacreError as error:
        yield _refused("Compose", "Compose", error, needed=True)
        return
    command = " ".join(compose.command)
    yield Check(
        group="Compose", what="Compose", state=State.YES, why=f"`{command}` {compose.version}", needed=True
    )
    yield override_check(compose.version)


def override_check(version: str) -> Check:
    """Whether this Compose understands `!override`, which some seals need to replace what the base has."""
    numbers = _version(version)
    enough = numbers is not None and numbers >= COMPOSE_WITH_OVERRIDE
    wanted = ".".join(map(str, COMPOSE_WITH_OVERRIDE))
    return Check(
        group="Compose",
        what="!override",
        state=State.UNKNOWN if numbers is None else _yes(enough),
        why=f"{version} has it"
        if enough
        else f"needs {wanted}: else a project with cap_add, security_opt or tmpfs cannot be sealed",
        do="" if enough else f"install Docker Compose {wanted} or newer",
    )


def _version(text: str) -> tuple[int, ...] | None:
    """The numbers of `2.40.3`, `v2.24.4-desktop.1`, `2.26.1-4`; None where there are none."""
    words = text.strip().removeprefix("v").replace("-", ".").replace("+", ".").split(".")[:3]
    return tuple(map(int, words)) if len(words) == 3 and all(word.isdigit() for word in words) else None


def _space(info: EngineInfo) -> Iterator[Check]:
    if not info.local:
        return
    try:
        free = shutil.disk_usage(info.root_dir).free
    except OSError as error:
        yield Check(
            group="engine",
            what="space",
            state=State.UNKNOWN,
            why=f"{info.root_dir} cannot be looked at: {error}",
        )
        return
    yield Check(
        group="engine",
        what="space",
        state=_yes(free >= ENOUGH_SPACE),
        why=f"{size(free)} free in {info.root_dir}; twins have volumes of their own",
        do="" if free >= ENOUGH_SPACE else "make room: docker system df shows what takes it",
    )


def _refused(group: str, what: str, error: LacreError, *, needed: bool = False) -> Check:
    return Check(
        group=group, what=what, state=State.NO, why=error.happened, do=error.next_step, needed=needed
    )


_MECHANISMS = {
    "sys_enter": "system calls as they begin: what seccomp refused shows by its absence there",
    "sys_exit": "system calls as they end, with their errors",
    "sched_process_exec": "programs that are started",
    "sched_process_fork": "processes and threads that are made",
    "sched_process_exit": "processes and threads that end",
    "capabilities": "capabilities that the kernel asks about",
    "capability_hints": "which of those questions are only hints",
    "oom_kills": "processes killed for want of memory",
    "oom_victim": "which process was killed for want of memory",
    "refusals": "everything that the kernel says no to",
    "file_origin": "whether a program is the image's, was written later, or is only in memory",
}
"""What each feature of the sensor shows, in words; a feature without words is shown by its name."""

_ONE_OF_SEVERAL = "capabilities_"
"""Ways to the same fact: that one of them works is what `capabilities` says."""


def sensor_checks(ground: SensorGround) -> Iterator[Check]:
    """What the sensor can see on this kernel, and why not."""
    yield Check(
        group="sensor",
        what="sensor",
        state=_yes(ground.usable),
        why=f"fits this kernel; asks for capabilities by {ground.capability_mechanism}"
        if ground.usable
        else ground.why or "it does not say why",
        do="" if ground.usable else "use a kernel with BTF and BPF trace points (5.8 or newer), as root",
        needed=True,
    )
    for feature in ground.features:
        if feature.name.startswith(_ONE_OF_SEVERAL):
            continue
        shows = _MECHANISMS.get(feature.name, "a fact of its own")
        why = "" if feature.available else f" (not here: {feature.why or 'this kernel does not say why'})"
        yield Check(group="sensor", what=feature.name, state=_yes(feature.available), why=f"{shows}{why}")


def _sensor(work: Work) -> Iterator[Check]:
    try:
        ground = work.probe()
    except LacreError as error:
        yield _refused("sensor", "sensor", error, needed=True)
        return
    yield from sensor_checks(ground)
