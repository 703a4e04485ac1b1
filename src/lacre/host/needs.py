"""Who on this host needs what a setting takes away: pure functions over facts, one for each need.

They find what shows itself while lacre looks. A debugger that is started tomorrow is not there yet: a setting
that may break something and has no user here is "possible", never "none".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from lacre.host.facts import Facts
from lacre.host.model import Need, User
from lacre.host.processes import Process
from lacre.host.settings.daemon import OPEN_FILES_SOFT

_SYS_PTRACE, _SYS_ADMIN, _PERFMON, _BPF = 19, 21, 38, 39  # include/uapi/linux/capability.h
TOLD_BY_ENGINE = frozenset({Need.DEFAULT_BRIDGE, Need.SWARM, Need.LOOPBACK_PUBLISHED})
"""Needs whose users only the engine knows."""

_FIRST_USER_NAMESPACE = "user:[4026531837]"


def users(needs: tuple[Need, ...], facts: Facts) -> tuple[User, ...]:
    """Everybody here who needs one of `needs`, the sure ones first."""
    found = {user for need in needs for user in _FINDERS[need](facts)}
    return tuple(sorted(found, key=lambda user: (not user.sure, user.who)))


def called(process: Process, facts: Facts) -> str:
    """A process in words, with its container."""
    names = {c.id: c.name for c in facts.engine.asked.containers} if facts.engine.asked else {}
    inside = (
        f", container {names.get(process.container, process.container[:12])}" if process.container else ""
    )
    return f"{process.name} (pid {process.pid}{inside})"


def _forwarding(facts: Facts) -> Iterator[User]:
    for name, ports in facts.network.bridges:
        yield User(
            f"network bridge {name}", f"forwards for {ports} {'port' if ports == 1 else 'ports'}", sure=True
        )
    for process in facts.processes:
        if process.name == "dockerd" and facts.engine.flags.get("ip-forward") != "false":
            yield User(called(process, facts), "turns forwarding on itself at every start")
    for name in facts.network.tunnels:
        yield User(f"interface {name}", "belongs to a VPN or an overlay, which may forward")


def _user_namespaces(facts: Facts) -> Iterator[User]:
    for process in facts.processes:
        if process.user_namespace and process.user_namespace != _FIRST_USER_NAMESPACE:
            yield User(called(process, facts), "lives in a user namespace: a rootless engine or a sandbox")


def _ptrace_by_relatives(facts: Facts) -> Iterator[User]:
    """At 2, every tracer needs the capability."""
    for tracer, traced in _traced(facts):
        yield User(called(tracer, facts), f"traces {called(traced, facts)} without CAP_SYS_PTRACE")


def _ptrace_by_strangers(facts: Facts) -> Iterator[User]:
    """At 1, a tracer needs it unless it started the traced process."""
    parents = {process.pid: process.parent for process in facts.processes}
    for tracer, traced in _traced(facts):
        pid = traced.pid
        while pid and pid != tracer.pid:
            pid = parents.get(pid, 0)
        if not pid:
            yield User(called(tracer, facts), f"traces {called(traced, facts)}, which it did not start")


def _traced(facts: Facts) -> Iterator[tuple[Process, Process]]:
    by_pid = {process.pid: process for process in facts.processes}
    for process in facts.processes:
        tracer = by_pid.get(process.tracer)
        if tracer is not None and not tracer.may(_SYS_PTRACE):
            yield tracer, process


def _using(what: str, words: str, *capabilities: int) -> Callable[[Facts], Iterator[User]]:
    """Processes that hold a descriptor of that kind and have none of `capabilities`."""

    def find(facts: Facts) -> Iterator[User]:
        for process in facts.processes:
            if what in process.uses and not process.may(*capabilities):
                yield User(called(process, facts), words)

    return find


def _bpf_speed(facts: Facts) -> Iterator[User]:
    for process in facts.processes:
        if "bpf" in process.uses:
            yield User(called(process, facts), "has BPF programs, which become slower", sure=False)


def _kexec(facts: Facts) -> Iterator[User]:
    if facts.crash_kernel:
        yield User("kdump", "has a crash kernel loaded, and loads it again at changes")


def _asymmetric(facts: Facts) -> Iterator[User]:
    if len(facts.network.default_routes) > 1:
        ways = ", ".join(facts.network.default_routes)
        yield User(f"interfaces {ways}", "several ways lead outside: answers may come by another one")
    for name in facts.network.tunnels:
        yield User(f"interface {name}", "belongs to a VPN or an overlay, whose packets may come another way")


def _router_advertisements(facts: Facts) -> Iterator[User]:
    for name in facts.network.from_routers:
        yield User(f"interface {name}", "has its way outside from a router's advertisement")


def _core_dumps(facts: Facts) -> Iterator[User]:
    if facts.core_pattern.startswith("|"):
        program = facts.core_pattern[1:].split(" ", 1)[0]
        yield User(f"{program} (kernel.core_pattern)", "collects core dumps", sure=False)


def _default_bridge(facts: Facts) -> Iterator[User]:
    there = [c for c in facts.engine.asked.containers if "bridge" in c.networks] if facts.engine.asked else []
    if len(there) > 1:
        for container in there:
            yield User(
                f"container {container.name}", "is not alone on the default bridge, and may talk there"
            )


def _unmapped_users(facts: Facts) -> Iterator[User]:
    """Everybody: the engine looks for its data elsewhere from then on, whatever runs now."""
    where = facts.engine.asked.root_dir if facts.engine.asked else "/var/lib/docker"
    yield User(
        "the engine", f"has its images, containers and volumes in {where}, and no longer sees them there"
    )
    for container in facts.engine.asked.containers if facts.engine.asked else ():
        if container.host_users:
            continue
        shared = [*container.host_namespaces, *(["all privileges"] if container.privileged else [])]
        if shared:
            yield User(
                f"container {container.name}", f"has the host's {', '.join(shared)}, and is refused then"
            )


def _privilege_gain(facts: Facts) -> Iterator[User]:
    settled = (
        {c.id for c in facts.engine.asked.containers if c.no_new_privileges} if facts.engine.asked else set()
    )
    for process in facts.processes:
        if process.container and process.container not in settled and _gained(process, facts):
            yield User(called(process, facts), "acts as root by a set-uid program")


def _gained(process: Process, facts: Facts) -> bool:
    """Whether it acts as root by a set-uid program: not as who started it, or under somebody who is not root."""
    if process.effective != 0:
        return False
    by_pid = {other.pid: other for other in facts.processes}
    parent = by_pid.get(process.parent)
    inside = parent is not None and parent.container == process.container
    return process.uid != 0 or (inside and parent is not None and parent.effective != 0)


def _swarm(facts: Facts) -> Iterator[User]:
    if facts.engine.asked is not None and facts.engine.asked.swarm:
        yield User("Swarm", "the engine refuses to start with live-restore in a swarm")


def _open_files(facts: Facts) -> Iterator[User]:
    for process in facts.processes:
        if process.container and process.descriptors > OPEN_FILES_SOFT // 2:
            yield User(called(process, facts), f"has {process.descriptors} files open")


def _loopback_published(facts: Facts) -> Iterator[User]:
    for container in facts.engine.asked.containers if facts.engine.asked else ():
        if container.published:
            yield User(
                f"container {container.name}",
                "has published ports: without the proxy they are not reached by way of [::1]",
                sure=False,
            )


def _log_files(facts: Facts) -> Iterator[User]:
    for process in facts.processes:
        if "log files" in process.uses and process.name != "dockerd":
            yield User(
                called(process, facts), "reads the engine's log files, which are rotated then", sure=False
            )


_FINDERS: Mapping[Need, Callable[[Facts], Iterator[User]]] = {
    Need.FORWARDING: _forwarding,
    Need.USER_NAMESPACES: _user_namespaces,
    Need.PTRACE_BY_RELATIVES: _ptrace_by_relatives,
    Need.PTRACE_BY_STRANGERS: _ptrace_by_strangers,
    Need.BPF: _using("bpf", "uses BPF without CAP_BPF", _BPF, _SYS_ADMIN),
    Need.BPF_SPEED: _bpf_speed,
    Need.PERF: _using("perf", "uses perf events without CAP_PERFMON", _PERFMON, _SYS_ADMIN),
    Need.IO_URING: _using("io_uring", "uses io_uring"),
    Need.USERFAULTFD: _using("userfaultfd", "uses userfaultfd without CAP_SYS_PTRACE", _SYS_PTRACE),
    Need.KEXEC: _kexec,
    Need.ASYMMETRIC: _asymmetric,
    Need.ROUTER_ADVERTISEMENTS: _router_advertisements,
    Need.CORE_DUMPS: _core_dumps,
    Need.DEFAULT_BRIDGE: _default_bridge,
    Need.UNMAPPED_USERS: _unmapped_users,
    Need.PRIVILEGE_GAIN: _privilege_gain,
    Need.SWARM: _swarm,
    Need.OPEN_FILES: _open_files,
    Need.LOOPBACK_PUBLISHED: _loopback_published,
    Need.LOG_FILES: _log_files,
}
