"""Records to facts, without a kernel."""

from __future__ import annotations

from dataclasses import replace

from lacre.sensor.facts import (
    Counters,
    Executed,
    Identity,
    Listening,
    Refusal,
    RefusedBecause,
    SocketMade,
    Syscalls,
)
from lacre.sensor.syscalls import syscall_name, syscall_names
from lacre.sensor.translate import Translator
from lacre.sensor.wire import Flag, Kind
from tests.unit.sensor.records import BLANK


def translator() -> Translator:
    made = Translator("x86_64")
    made.begin_phase(0, "c", "start")
    made.begin_phase(17, "c", "work")
    return made


def test_a_fact_waits_for_the_names_of_its_programs() -> None:
    t = translator()
    assert not list(t.facts(replace(BLANK, kind=Kind.EXECUTED, exe=1, value=2, detail=2)))
    assert not list(t.facts(replace(BLANK, exe=2, first=b"/bin/new")))
    (fact,) = t.facts(replace(BLANK, exe=1, first=b"/bin/old\xff"))
    assert isinstance(fact, Executed)
    assert (fact.by, fact.path, fact.phase) == ("/bin/old\udcff", "/bin/new", "start")


def test_each_refused_capability_of_a_call_is_a_refusal() -> None:
    refused = replace(
        BLANK, kind=Kind.REFUSAL, epoch=17, detail=5, value=0b110, nr=257, error=13, first=b"/etc/shadow"
    )
    facts = [f for f in translator().facts(refused) if isinstance(f, Refusal)]
    assert [(f.what, f.path, f.syscall, f.phase) for f in facts] == [
        ("DAC_OVERRIDE", "/etc/shadow", "openat", "work"),
        ("DAC_READ_SEARCH", "/etc/shadow", "openat", "work"),
    ]


def test_a_socket_has_its_kind_whether_it_was_made_or_refused() -> None:
    asked = replace(BLANK, epoch=17, nr=41, port=5, value=132 << 32 | 10)
    (fact,) = translator().facts(replace(asked, kind=Kind.SOCKET))
    assert isinstance(fact, SocketMade)
    assert (fact.kind, fact.phase) == ("AF_INET6/sctp", "work")
    (no,) = translator().facts(replace(asked, kind=Kind.REFUSAL, detail=6, error=93))
    assert isinstance(no, Refusal)
    assert (no.what, no.syscall, no.errno) == ("socket AF_INET6/sctp", "socket", 93)
    (no,) = translator().facts(replace(asked, kind=Kind.REFUSAL, detail=6, error=97, nr=53, value=29, port=0))
    assert isinstance(no, Refusal)
    assert no.what == "socketpair AF_CAN"


def test_a_refused_call_with_the_number_zero_has_its_name() -> None:
    (fact,) = translator().facts(replace(BLANK, kind=Kind.REFUSAL, detail=6, nr=0, error=1))
    assert isinstance(fact, Refusal)
    assert (fact.because, fact.what) == (RefusedBecause.SYSCALL, "read")


def test_an_ipv4_address_on_an_ipv6_socket_is_an_ipv4_address() -> None:
    mapped = bytes(10) + b"\xff\xff\x0a\x00\x00\x01"
    record = replace(BLANK, kind=Kind.LISTENING, flags=int(Flag.IPV6), address=mapped, port=80, detail=6)
    (fact,) = translator().facts(record)
    assert isinstance(fact, Listening)
    assert (fact.address, fact.port, fact.protocol) == ("10.0.0.1", 80, "tcp")


def test_phases_of_the_same_name_are_one() -> None:
    t = translator()
    t.begin_phase(34, "c", "work")
    for epoch, bits in ((17, b"\x01"), (34, b"\x02")):
        list(t.facts(replace(BLANK, kind=Kind.SYSCALLS, epoch=epoch, first=bits)))
        list(t.facts(replace(BLANK, kind=Kind.COUNTERS, epoch=epoch, value=2, gid=epoch, nr=4)))
    calls, counters = t.totals()
    assert calls == Syscalls(container="c", phase="work", arch="x86_64", names=frozenset({"read", "write"}))
    assert counters == Counters(container="c", phase="work", forks=4, tasks_peak=34, fds_peak=4, oom_kills=0)


def test_what_belongs_to_no_container_is_dropped() -> None:
    assert not list(translator().facts(replace(BLANK, kind=Kind.IDENTITY, epoch=99)))


def test_names_of_system_calls_are_those_of_the_architecture() -> None:
    assert syscall_name("x86_64", 59) == "execve"
    assert syscall_name("i386", 11) == "execve"
    assert syscall_name("aarch64", 221) == "execve"
    assert syscall_name("x86_64", 999) == "syscall_999"
    assert {"landlock_restrict_self", "fchmodat2", "clone3"} <= set(syscall_names("aarch64").values())


def test_numbers_of_remapped_users_are_told_as_the_container_has_them() -> None:
    t = Translator("x86_64", first_ids=(165536, 231072))
    t.begin_phase(0, "c", "start")
    (fact,) = t.facts(replace(BLANK, kind=Kind.IDENTITY, uid=165536 + 33, gid=231072 + 4))
    assert isinstance(fact, Identity)
    assert (fact.uid, fact.gid) == (33, 4)
    (runtime,) = t.facts(replace(BLANK, kind=Kind.IDENTITY, uid=0, gid=0))
    assert isinstance(runtime, Identity)
    assert runtime.uid == 0
