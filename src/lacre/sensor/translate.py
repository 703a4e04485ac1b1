"""From the sensor's records to facts: a pure fold that knows containers, phases and programs."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, field

from lacre.capabilities import capability_name
from lacre.seccomp import SOCKET_CALLS, socket_kind
from lacre.sensor.facts import (
    AnyFact,
    CapabilityAsked,
    Counters,
    Direction,
    Executed,
    Identity,
    Listening,
    MappedExecutable,
    Opened,
    Origin,
    Peer,
    Refusal,
    RefusedBecause,
    SocketMade,
    Syscalls,
    Write,
    WriteKind,
)
from lacre.sensor.syscalls import COMPAT, syscall_name
from lacre.sensor.wire import Flag, Kind, Record

_WRITES = {
    1: WriteKind.CREATE,
    2: WriteKind.MODIFY,
    3: WriteKind.REMOVE,
    4: WriteKind.ATTRIBUTES,
}
_ORIGINS = {
    0: Origin.UNKNOWN,
    1: Origin.IMAGE,
    2: Origin.WRITTEN,
    3: Origin.TMPFS,
    4: Origin.MEMFD,
    5: Origin.MOUNT,
}
_BECAUSE = {
    1: RefusedBecause.READ_ONLY,
    2: RefusedBecause.PERMISSION,
    3: RefusedBecause.FULL,
    4: RefusedBecause.NO_EXEC,
    5: RefusedBecause.CAPABILITY,
    6: RefusedBecause.SYSCALL,
    7: RefusedBecause.PROCESSES,
    8: RefusedBecause.FILES,
    9: RefusedBecause.MEMORY,
}
# IPPROTO_* of <netinet/in.h>, under the names of /etc/protocols.
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp", 136: "udplite", 262: "mptcp"}


def inside(number: int, first: int) -> int:
    """A user's or group's number as the container has it; the host's own (the runtime, as it starts) stay."""
    return number - first if number >= first else number


@dataclass(slots=True)
class _Phase:
    container: str
    name: str
    calls: dict[str, set[str]] = field(default_factory=dict)
    counters: Record | None = None


class Translator:
    """Records in, facts out. A fact whose program is not known yet waits for the record that names it.

    `first_ids`: the host's numbers of user 0 and group 0 of the containers; facts have the containers' own numbers.
    """

    def __init__(self, arch: str, first_ids: tuple[int, int] = (0, 0)) -> None:
        self._arch = arch
        self._first_uid, self._first_gid = first_ids
        self._phases: dict[int, _Phase] = {}
        self._programs: dict[int, str] = {0: ""}
        self._waiting: dict[int, list[Record]] = {}

    def begin_phase(self, epoch: int, container: str, name: str) -> None:
        """What has this epoch number belongs to this phase of this container."""
        self._phases[epoch] = _Phase(container, name)

    def facts(self, record: Record) -> Iterator[AnyFact]:
        """The facts that a record tells; possibly none, possibly more than one."""
        if record.kind is Kind.PROGRAM:
            self._programs[record.exe] = _text(record.first)
            for waiting in self._waiting.pop(record.exe, []):
                yield from self.facts(waiting)
            return
        phase = self._phases.get(record.epoch)
        if phase is None:
            return
        if record.kind is Kind.SYSCALLS:
            self._add_calls(phase, record)
        elif record.kind is Kind.COUNTERS:
            phase.counters = record
        else:
            needed = [record.exe, record.value] if record.kind is Kind.EXECUTED else [record.exe]
            for exe in needed:
                if exe not in self._programs:
                    self._waiting.setdefault(exe, []).append(record)
                    return
            yield from self._fact(phase, record)

    def totals(self) -> list[Syscalls | Counters]:
        """System calls and counters of each container and phase as they stand."""
        calls: dict[tuple[str, str, str], set[str]] = {}
        counters: dict[tuple[str, str], list[Record]] = {}
        for phase in self._phases.values():
            for arch, names in phase.calls.items():
                calls.setdefault((phase.container, phase.name, arch), set()).update(names)
            if phase.counters is not None:
                counters.setdefault((phase.container, phase.name), []).append(phase.counters)
        return [
            *(
                Syscalls(container=container, phase=phase, arch=arch, names=frozenset(names))
                for (container, phase, arch), names in calls.items()
            ),
            *(
                Counters(
                    container=container,
                    phase=phase,
                    forks=sum(r.value for r in records),
                    tasks_peak=max(r.gid for r in records),
                    fds_peak=max(r.nr for r in records),
                    oom_kills=sum(r.error for r in records),
                )
                for (container, phase), records in counters.items()
            ),
        ]

    def _add_calls(self, phase: _Phase, record: Record) -> None:
        arch = COMPAT.get(self._arch, "compat") if record.flags & Flag.COMPAT else self._arch
        bits = int.from_bytes(record.first, "little")
        names = phase.calls.setdefault(arch, set())
        while bits:
            lowest = bits & -bits
            names.add(syscall_name(arch, lowest.bit_length() - 1))
            bits ^= lowest

    def _fact(self, phase: _Phase, record: Record) -> Iterator[AnyFact]:  # noqa: PLR0912 (one case a kind)
        container, name, uid = phase.container, phase.name, inside(record.uid, self._first_uid)
        by = self._programs[record.exe]
        first, filesystem = _text(record.first), _text(record.second)
        syscall = syscall_name(self._arch, record.nr) if record.nr else ""
        if record.nr == 0 and record.kind is Kind.REFUSAL and record.error and record.detail != _MEMORY:
            syscall = syscall_name(self._arch, 0)
        match record.kind:
            case Kind.EXECUTED:
                yield Executed(
                    container=container,
                    phase=name,
                    by=by,
                    uid=uid,
                    path=self._programs[record.value],
                    script=first,
                    origin=_ORIGINS.get(record.detail, Origin.UNKNOWN),
                    setid=bool(record.flags & Flag.SETID),
                )
            case Kind.IDENTITY:
                yield Identity(
                    container=container,
                    phase=name,
                    by=by,
                    uid=uid,
                    gid=inside(record.gid, self._first_gid),
                    main=bool(record.flags & Flag.MAIN),
                )
            case Kind.WRITE:
                yield Write(
                    container=container,
                    phase=name,
                    by=by,
                    uid=uid,
                    path=first,
                    kind=_WRITES[record.detail],
                    filesystem=filesystem,
                    syscall=syscall,
                )
            case Kind.OPENED:
                yield Opened(
                    container=container,
                    phase=name,
                    by=by,
                    uid=uid,
                    path=first,
                    filesystem=filesystem,
                    directory=bool(record.flags & Flag.DIRECTORY),
                )
            case Kind.MAPPED:
                yield MappedExecutable(
                    container=container, phase=name, by=by, uid=uid, path=first, filesystem=filesystem
                )
            case Kind.CAPABILITY:
                yield CapabilityAsked(
                    container=container,
                    phase=name,
                    by=by,
                    uid=uid,
                    name=capability_name(record.value),
                    granted=bool(record.flags & Flag.GRANTED),
                    hint=bool(record.flags & Flag.HINT) if record.flags & Flag.HINT_KNOWN else None,
                )
            case Kind.LISTENING:
                yield Listening(
                    container=container,
                    phase=name,
                    by=by,
                    uid=uid,
                    protocol=_protocol(record.detail),
                    address=_address(record),
                    port=record.port,
                )
            case Kind.SOCKET:
                yield SocketMade(container=container, phase=name, by=by, uid=uid, kind=_socket(record))
            case Kind.PEER:
                yield Peer(
                    container=container,
                    phase=name,
                    by=by,
                    uid=uid,
                    direction=Direction.IN if record.flags & Flag.IN else Direction.OUT,
                    protocol=_protocol(record.detail),
                    address=_address(record),
                    port=record.port,
                )
            case Kind.REFUSAL:
                because = _BECAUSE[record.detail]
                if because is RefusedBecause.MEMORY:
                    by, first = first, ""
                whats = {
                    RefusedBecause.CAPABILITY: [
                        capability_name(n) for n in range(64) if record.value >> n & 1
                    ],
                    RefusedBecause.SYSCALL: [
                        f"{syscall} {_socket(record)}" if syscall in SOCKET_CALLS else syscall
                    ],
                    RefusedBecause.PROCESSES: [""],
                    RefusedBecause.FILES: [""],
                    RefusedBecause.MEMORY: [""],
                }.get(because, [first])
                for what in whats:
                    yield Refusal(
                        container=container,
                        phase=name,
                        by=by,
                        uid=uid,
                        because=because,
                        what=what,
                        syscall=syscall,
                        errno=record.error,
                        question=bool(record.flags & Flag.QUESTION),
                        writing=bool(record.flags & Flag.WRITING),
                        path=first,
                    )
            case _:
                pass


_MEMORY = 9


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _socket(record: Record) -> str:
    return socket_kind(record.value & 0xFFFFFFFF, record.port, record.value >> 32)


def _protocol(number: int) -> str:
    return _PROTOCOLS.get(number, str(number))


def _address(record: Record) -> str:
    if not record.flags & Flag.IPV6:
        return str(ipaddress.IPv4Address(record.address[:4]))
    address = ipaddress.IPv6Address(record.address)
    return str(address.ipv4_mapped or address)
