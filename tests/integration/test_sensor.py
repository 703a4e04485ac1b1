"""The sensor on real containers of the machine's engine, one kind of fact after another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from lacre.errors import SensorError
from lacre.seal.model import Margin
from lacre.seccomp import derive
from lacre.seccomp import profile as seccomp_profile
from lacre.sensor import Sensor, probe
from lacre.sensor.facts import (
    AnyFact,
    CapabilityAsked,
    Counters,
    Direction,
    Executed,
    Identity,
    Listening,
    Lost,
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
from lacre.sensor.process import binary

pytestmark = pytest.mark.docker

IMAGE = "debian:bookworm-slim"
F = TypeVar("F")


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stderr}"
    return done.stdout.strip()


@dataclass
class Box:
    """Makes containers for one test, runs them watched, and removes them."""

    acts: Path
    made: list[str] = field(default_factory=list)

    def create(self, *command: str, options: tuple[str, ...] = ()) -> str:
        mount = ("-v", f"{self.acts}:/acts:ro")
        name = docker("create", *mount, *options, IMAGE, *command)
        self.made.append(name)
        return name

    def watch_run(
        self, *command: str, options: tuple[str, ...] = (), refusals: bool = False
    ) -> list[AnyFact]:
        name = self.create(*command, options=options)
        with Sensor(refusals=refusals) as sensor:
            sensor.watch(name)
            docker("start", name)
            docker("wait", name)
            return sensor.facts()

    def remove_all(self) -> None:
        for name in self.made:
            subprocess.run(["docker", "rm", "-f", "-v", name], capture_output=True, check=False)


@pytest.fixture(scope="session")
def acts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("acts") / "acts"
    source = Path(__file__).with_name("sensor_acts.c")
    subprocess.run(["cc", "-O1", "-static", "-pthread", "-o", program, source], check=True)
    return program


@pytest.fixture
def box(acts: Path, engine: str) -> Iterator[Box]:
    box = Box(acts)
    yield box
    box.remove_all()


def of(kind: type[F], facts: list[AnyFact]) -> list[F]:
    return [fact for fact in facts if isinstance(fact, kind)]


def writes(facts: list[AnyFact]) -> set[tuple[str, str]]:
    return {(w.kind.value, w.path) for w in of(Write, facts)}


def refusals(facts: list[AnyFact]) -> set[tuple[str, str]]:
    return {(r.because.value, r.what) for r in of(Refusal, facts)}


# --- writes ---


def test_writes_are_told_by_kind_and_full_path(box: Box) -> None:
    facts = box.watch_run(
        "sh",
        "-c",
        "mkdir /srv/a; echo x > /srv/a/f; echo y >> /srv/a/f; mv /srv/a/f /srv/a/g; ln /srv/a/g /srv/a/h;"
        "rm /srv/a/h; chmod 600 /srv/a/g; ln -s a /srv/l; : > /etc/motd; mkfifo /srv/pipe; rmdir /srv/none",
    )
    assert {
        ("create", "/srv/a"),
        ("create", "/srv/a/f"),
        ("modify", "/srv/a/f"),
        ("remove", "/srv/a/f"),
        ("create", "/srv/a/g"),
        ("create", "/srv/a/h"),
        ("remove", "/srv/a/h"),
        ("attributes", "/srv/a/g"),
        ("create", "/srv/l"),
        ("modify", "/etc/motd"),
        ("create", "/srv/pipe"),
    } <= writes(facts)
    assert not any("none" in path for _, path in writes(facts))
    assert not [r for r in of(Refusal, facts) if r.because is not RefusedBecause.CAPABILITY]
    assert {w.filesystem for w in of(Write, facts)} <= {"overlay", "devtmpfs", "tmpfs"}
    by = {w.path: w.by for w in of(Write, facts)}
    assert by["/srv/a"] == "/usr/bin/mkdir"
    assert by["/etc/motd"] == "/usr/bin/dash"


def test_symbolic_links_in_the_directory_part_are_resolved(box: Box) -> None:
    facts = box.watch_run(
        "sh",
        "-c",
        "mkdir -p /srv/real/deep; ln -s /srv/real /srv/abs; ln -s real/deep /srv/rel;"
        "mkdir /srv/abs/one; mkdir /srv/rel/../two; touch /srv/abs/deep/three;"
        "ln -s /srv/real/deep/three /srv/t;"
        "chmod 600 /srv/t; mkdir /var/run/four",
    )
    assert {
        ("create", "/srv/real/one"),
        ("create", "/srv/real/two"),
        ("create", "/srv/real/deep/three"),
        ("attributes", "/srv/real/deep/three"),
        ("create", "/run/four"),
    } <= writes(facts)


def test_relative_paths_start_from_descriptor_or_working_directory(box: Box) -> None:
    facts = box.watch_run("/acts", "relative", "/srv")
    assert {
        ("create", "/srv/one"),
        ("create", "/srv/two"),
        ("create", "/srv/three"),
        ("remove", "/srv/three"),
        ("attributes", "/srv"),
    } == writes(facts)


def test_paths_in_a_chroot_are_told_from_the_container_s_root(box: Box) -> None:
    for command in (("/acts", "chroot", "/srv"), ("sh", "-c", "/acts chroot /srv; sleep 0.3")):
        assert {
            ("create", "/srv/inside"),
            ("create", "/srv/link"),
            ("create", "/srv/inside/below"),
            ("create", "/srv/inside/file"),
        } == writes(box.watch_run(*command))


def test_paths_cross_mounts(box: Box) -> None:
    facts = box.watch_run(
        "sh",
        "-c",
        "touch /vol/sub/x; mkdir /vol/sub/y; echo 1 > /dev/shm/z; echo 5 > /proc/self/oom_score_adj",
        options=("--tmpfs", "/vol", "--tmpfs", "/vol/sub"),
    )
    found = {(w.path, w.filesystem) for w in of(Write, facts)}
    assert {
        ("/vol/sub/x", "tmpfs"),
        ("/vol/sub/y", "tmpfs"),
        ("/dev/shm/z", "tmpfs"),
        ("/proc/self/oom_score_adj", "proc"),
    } <= found


def test_a_nameless_file_counts_for_its_directory_and_a_socket_for_its_path(box: Box) -> None:
    assert ("create", "/srv/#tmpfile") in writes(box.watch_run("/acts", "tmpfile", "/srv"))
    assert ("create", "/run/s.sock") in writes(box.watch_run("/acts", "unix", "/var/run/s.sock"))


def test_a_path_of_three_hundred_directories_is_whole(box: Box) -> None:
    assert ("create", "/srv" + "/deeper" * 300 + "/bottom") in writes(box.watch_run("/acts", "deep", "/srv"))


def test_hostile_names_come_through(box: Box) -> None:
    script = """cd /srv; touch "$(printf 'a\\nb\\377c')"; mkdir "$(printf '\\t;\\42')" """
    facts = box.watch_run("sh", "-c", script)
    assert {("create", "/srv/a\nb\udcffc"), ("create", '/srv/\t;"')} <= writes(facts)


def test_what_the_last_task_did_is_resolved_too(box: Box) -> None:
    for _ in range(5):
        facts = box.watch_run("mkdir", "/var/run/last")
        assert {(w.path, w.filesystem) for w in of(Write, facts)} == {("/run/last", "overlay")}


def test_twenty_thousand_files_are_all_told(box: Box) -> None:
    facts = box.watch_run("/acts", "files", "20000", "/tmp")
    assert {path for kind, path in writes(facts) if kind == "create"} == {
        f"/tmp/file{n}" for n in range(20000)
    }
    assert not of(Lost, facts)


# --- reading and executing ---


def test_opened_and_mapped_files_are_told(box: Box) -> None:
    facts = box.watch_run("sh", "-c", "cat /etc/hostname; ls /usr; cat /proc/self/status /dev/null")
    opened = {(o.path, o.directory) for o in of(Opened, facts)}
    assert {("/etc/hostname", False), ("/usr", True), ("/proc/self/status", False)} <= opened
    assert not any(path == "/dev/null" for path, _ in opened)
    assert any(
        m.path.endswith("/libc.so.6") and m.filesystem == "overlay" for m in of(MappedExecutable, facts)
    )


def test_the_origin_of_a_program_is_told(box: Box) -> None:
    facts = box.watch_run(
        "sh",
        "-c",
        "cp /bin/true /srv/dropped; /srv/dropped; cp /bin/true /t/true; /t/true; /acts memfd;"
        "printf '#!/bin/sh\n:\n' > /srv/script; chmod +x /srv/script; cd /srv; ./script",
        options=("--tmpfs", "/t:exec"),
    )
    origins = {(e.path, e.script): e.origin for e in of(Executed, facts)}
    assert origins[("/usr/bin/cp", "")] is Origin.IMAGE
    assert origins[("/srv/dropped", "")] is Origin.WRITTEN
    assert origins[("/t/true", "")] is Origin.TMPFS
    assert origins[("/acts", "")] is Origin.MOUNT
    assert origins[("/usr/bin/dash", "/srv/script")] is Origin.IMAGE
    assert [e for e in of(Executed, facts) if e.origin is Origin.MEMFD]
    first = of(Executed, facts)[0]
    assert (first.path, first.by) == ("/usr/bin/dash", "")
    assert {e.by for e in of(Executed, facts) if e.path == "/srv/dropped"} == {"/usr/bin/dash"}


def test_a_set_uid_program_is_told(box: Box) -> None:
    facts = box.watch_run("sh", "-c", "cp /usr/bin/id /srv/id; chown 7 /srv/id; chmod 4755 /srv/id; /srv/id")
    assert {e.path: e.setid for e in of(Executed, facts)}["/srv/id"]
    assert not {e.path: e.setid for e in of(Executed, facts)}["/usr/bin/cp"]
    assert 7 in {i.uid for i in of(Identity, facts) if i.by == "/srv/id"}


def test_identities_are_told_with_the_change(box: Box) -> None:
    facts = box.watch_run("/acts", "identity", "/tmp/mine")
    assert {(i.uid, i.gid, i.main) for i in of(Identity, facts)} == {
        (0, 0, True),
        (0, 34, True),
        (33, 34, True),
    }
    assert {w.uid for w in of(Write, facts)} == {33}


# --- refusals ---


def test_a_read_only_root_names_every_refused_path(box: Box) -> None:
    facts = box.watch_run(
        "sh",
        "-c",
        "mkdir /srv/a; echo x > /var/run/y; touch /usr/lib64/z; rm /etc/passwd; mv /etc/group /etc/g2;"
        "chown 0:0 /var/lib; test -w /opt; cat /nowhere",
        options=("--read-only",),
    )
    assert {
        ("read-only", "/srv/a"),
        ("read-only", "/run/y"),
        ("read-only", "/usr/lib64/z"),
        ("read-only", "/etc/passwd"),
        ("read-only", "/etc/group"),
        ("read-only", "/etc/g2"),
        ("read-only", "/var/lib"),
        ("read-only", "/opt"),
    } == refusals(facts)
    assert {r.what for r in of(Refusal, facts) if r.question} == {"/opt"}
    assert all(r.writing for r in of(Refusal, facts))


def test_a_refused_capability_counts_where_the_call_fails(box: Box) -> None:
    facts = box.watch_run(
        *("sh", "-c", "chown 1 /srv; chown 0:0 /srv; cat /etc/shadow; mkdir /srv/x"),
        options=("--cap-drop", "ALL"),
    )
    refused = [r for r in of(Refusal, facts) if r.because is RefusedBecause.CAPABILITY]
    assert {(r.what, r.path, r.by) for r in refused} == {("CHOWN", "/srv", "/usr/bin/chown")}
    asked = {(c.name, c.granted) for c in of(CapabilityAsked, facts)}
    assert ("CHOWN", False) in asked
    assert not any(granted for _, granted in asked)  # nor what overlay asks about who mounted it


def test_a_refused_capability_says_on_which_file(box: Box) -> None:
    facts = box.watch_run("cat", "/etc/shadow", options=("--user", "1234"))
    refused = {(r.what, r.path, r.uid) for r in of(Refusal, facts)}
    assert ("DAC_READ_SEARCH", "/etc/shadow", 1234) in refused


def test_a_call_refused_by_seccomp_is_told_and_nothing_else(box: Box, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    rules = [
        {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 1},
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38},
    ]
    profile.write_text(json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules}))
    facts = box.watch_run(
        *("sh", "-c", "mkdir /srv/a; /acts innocent; mknod /srv/n b 1 1"),
        options=("--security-opt", f"seccomp={profile}", "--cap-drop", "MKNOD"),
        refusals=True,
    )
    refused = {(r.because.value, r.what, r.errno) for r in of(Refusal, facts)}
    assert ("syscall", "mkdir", 1) in refused
    assert {r for r in refused if r[0] == "syscall"} <= {("syscall", "mkdir", 1), ("syscall", "clone3", 38)}
    assert ("capability", "MKNOD", 1) in refused


def test_no_call_is_falsely_told_as_refused_by_seccomp(box: Box) -> None:
    unconfined = ("--security-opt", "seccomp=unconfined")
    facts = box.watch_run("/acts", "innocent", options=unconfined, refusals=True)
    assert not [r for r in of(Refusal, facts) if r.because is RefusedBecause.SYSCALL]


def test_a_running_container_shows_no_false_refusal_when_the_sensor_comes(box: Box) -> None:
    name = box.create("sh", "-c", "while :; do sleep 0.05; done & exec sleep 100")
    docker("start", name)
    for _ in range(3):
        with Sensor(refusals=True) as sensor:
            sensor.watch(name)
            time.sleep(0.5)
            facts = sensor.facts()
        assert not [r for r in of(Refusal, facts) if r.because is RefusedBecause.SYSCALL]
        assert of(Executed, facts)


def test_limits_are_told(box: Box) -> None:
    small = ("--tmpfs", "/t:size=64k")
    assert ("full", "/t/big") in refusals(
        box.watch_run("dd", "if=/dev/zero", "of=/t/big", "bs=100k", "count=1", options=small)
    )
    script = "for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait"
    assert ("processes", "") in refusals(box.watch_run("sh", "-c", script, options=("--pids-limit", "5")))
    facts = box.watch_run("/acts", "fds")
    assert ("files", "") in refusals(facts)
    assert [c.fds_peak for c in of(Counters, facts)] == [50]


def test_an_out_of_memory_kill_names_the_program(box: Box) -> None:
    facts = box.watch_run("sh", "-c", "/acts eat 200; :", options=("--memory", "64m", "--memory-swap", "64m"))
    killed = [r for r in of(Refusal, facts) if r.because is RefusedBecause.MEMORY]
    assert [(r.by, r.what) for r in killed] == [("/acts", "")]
    assert [c.oom_kills for c in of(Counters, facts)] == [1]


def test_executable_memory_of_a_noexec_mount_is_told(box: Box) -> None:
    facts = box.watch_run(
        "sh",
        "-c",
        "/acts map /t/code; cp /bin/true /t; ln -s /t/true /srv/l; /srv/l",
        options=("--tmpfs", "/t"),
    )
    found = {(r.what, r.syscall) for r in of(Refusal, facts) if r.because is RefusedBecause.NO_EXEC}
    assert found == {("/t/code", "mmap"), ("/t/true", "execve")}
    allowed = box.watch_run("/acts", "map", "/t/code", options=("--tmpfs", "/t:exec"))
    assert ("/t/code", "tmpfs") in {(m.path, m.filesystem) for m in of(MappedExecutable, allowed)}
    assert not refusals(allowed)


def test_a_million_refusals_are_one_fact(box: Box) -> None:
    facts = box.watch_run("/acts", "storm", "1000000", options=("--read-only",))
    assert [r.what for r in of(Refusal, facts)] == ["/usr/refused"]
    assert not of(Lost, facts)


# --- sockets ---


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_tcp_is_told_from_both_ends(box: Box, address: str) -> None:
    six = ("--sysctl", "net.ipv6.conf.all.disable_ipv6=0") if ":" in address else ()
    facts = box.watch_run("/acts", "tcp", "4321", address, options=six)
    assert {(i.protocol, i.address, i.port) for i in of(Listening, facts)} == {("tcp", address, 4321)}
    peers = {(p.direction, p.protocol, p.address, p.port) for p in of(Peer, facts)}
    assert peers == {(Direction.OUT, "tcp", address, 4321), (Direction.IN, "tcp", address, 4321)}


def test_udp_is_told_for_every_way_to_send(box: Box) -> None:
    facts = box.watch_run("/acts", "udp", "5000")
    assert {(i.protocol, i.address, i.port) for i in of(Listening, facts)} == {("udp", "127.0.0.1", 5000)}
    assert {(p.protocol, p.address, p.port) for p in of(Peer, facts)} == {
        ("udp", "127.0.0.1", port) for port in (5000, 5001, 5002, 5003)
    }


ASKED = "2:1:0,2:1:6,10:2:17,16:3:0,16:2:4,1:2:0,2:1:99,17:3:768,45:1:0"
GIVEN = {"AF_INET/tcp", "AF_INET6/udp", "AF_NETLINK/route", "AF_NETLINK/sock-diag", "AF_UNIX", "AF_PACKET"}


def test_sockets_that_were_made_have_a_kind(box: Box) -> None:
    facts = box.watch_run("/acts", "sockets", ASKED)
    assert {(made.kind, made.by) for made in of(SocketMade, facts)} == {(kind, "/acts") for kind in GIVEN}
    (counters,) = of(Counters, facts)
    assert counters.fds_peak >= 3 + 8 + 1


def test_sockets_that_a_filter_refuses_are_told_by_kind_and_those_of_the_kernel_are_not(
    box: Box, tmp_path: Path
) -> None:
    profile = tmp_path / "profile.json"
    sockets = frozenset({"AF_INET/tcp", "AF_UNIX"})
    every = derive(frozenset({"socket", "socketpair"}), Margin.NORMAL, frozenset())
    profile.write_text(json.dumps(seccomp_profile(every, frozenset(), ("amd64",), sockets)))
    confined = ("--security-opt", f"seccomp={profile}", "--cap-drop", "ALL")
    facts = box.watch_run("/acts", "sockets", ASKED, options=confined, refusals=True)
    assert {made.kind for made in of(SocketMade, facts)} == sockets
    refused = {(r.what, r.errno) for r in of(Refusal, facts) if r.because is RefusedBecause.SYSCALL}
    assert {what for what in refused if what[0].startswith("socket")} == {
        ("socket AF_INET/1:99", 1),
        *((f"socket {kind}", 97) for kind in ("AF_INET6/udp", "AF_NETLINK/route", "AF_NETLINK/sock-diag")),
        *((f"socket {kind}", 97) for kind in ("AF_PACKET", "AF_MCTP")),
    }


# --- which tasks, which phases ---


def test_system_calls_and_tasks_are_counted(box: Box) -> None:
    facts = box.watch_run("/acts", "threads", "9")
    (calls,) = of(Syscalls, facts)
    assert {"clone3", "exit_group", "rt_sigreturn", "exit", "execve", "clock_nanosleep"} <= calls.names
    assert not {"pivot_root", "mount", "setns", "unshare", "capset"} & calls.names
    (counters,) = of(Counters, facts)
    assert (counters.forks, counters.tasks_peak) == (0, 10)


def test_docker_exec_is_seen_and_the_runtime_is_not(box: Box) -> None:
    name = box.create("sleep", "100")
    with Sensor() as sensor:
        sensor.watch(name)
        docker("start", name)
        sensor.phase(name, "exec")
        docker("exec", name, "sh", "-c", "mkdir /srv/x")
        facts = sensor.facts()
    calls = {c.phase: c.names for c in of(Syscalls, facts)}
    assert "mkdir" in calls["exec"]
    for names in calls.values():
        assert not {"pivot_root", "mount", "setns", "unshare", "capset", "setgroups", "prctl"} & names
    assert not any("runc" in e.path or "memfd" in e.path for e in of(Executed, facts))
    assert {w.path for w in of(Write, facts)} == {"/srv/x"}
    assert {i.main for i in of(Identity, facts) if i.phase == "exec"} == {False}


def test_a_container_that_ran_before_the_sensor_is_seen(box: Box) -> None:
    name = box.create("sh", "-c", "/acts beat /srv/beat & sleep 1000")
    docker("start", name)
    time.sleep(0.3)
    with Sensor() as sensor:
        sensor.watch(name)
        deadline = time.monotonic() + 30
        while not (seen := [w for w in of(Write, sensor.facts()) if w.kind is WriteKind.CREATE]):
            assert time.monotonic() < deadline, "it beats ten times a second"
            time.sleep(0.05)
        assert (seen[0].path, seen[0].by) == ("/srv/beat", "/acts")
        docker("exec", name, "true")
        facts = sensor.facts()
        assert "/usr/bin/true" in {e.path for e in of(Executed, facts)}
        (counters,) = of(Counters, facts)
        assert counters.tasks_peak == 4  # sh, acts, sleep, true


def test_the_same_container_started_again_is_seen_again(box: Box) -> None:
    name = box.create("sh", "-c", "touch /srv/now")
    with Sensor() as sensor:
        sensor.watch(name)
        for phase in ("one", "two", "three"):
            sensor.phase(name, phase)
            docker("start", name)
            docker("wait", name)
        facts = sensor.facts()
        assert not [f for f in sensor.facts() if not isinstance(f, (Syscalls, Counters))]
    kinds = {(w.phase, w.kind.value) for w in of(Write, facts)}
    assert {("one", "create"), ("two", "modify"), ("three", "modify")} <= kinds
    assert {c.phase: c.tasks_peak for c in of(Counters, facts)} == {
        "start": 0,
        "one": 2,
        "two": 2,
        "three": 2,
    } or {c.phase: c.tasks_peak for c in of(Counters, facts)} == {"one": 2, "two": 2, "three": 2}


def test_two_containers_side_by_side_do_not_mix(box: Box) -> None:
    one = box.create("sh", "-c", "for i in 1 2 3 4 5; do mkdir /srv/one$i; sleep 0.1; done")
    two = box.create("sh", "-c", "for i in 1 2 3 4 5; do touch /srv/two$i; sleep 0.1; done")
    beside = box.create("sh", "-c", "mkdir /srv/beside")
    with Sensor() as sensor:
        sensor.watch(one)
        sensor.watch(two)
        for name in (one, two, beside):
            docker("start", name)
        docker("wait", one, two, beside)
        facts = sensor.facts()
    paths: Callable[[str], set[str]] = lambda c: {w.path for w in of(Write, facts) if w.container == c}  # noqa: E731
    assert paths(one) == {f"/srv/one{n}" for n in range(1, 6)}
    assert paths(two) == {f"/srv/two{n}" for n in range(1, 6)}
    assert {f.container for f in facts if not isinstance(f, Lost)} == {one, two}
    calls = {c.container: c.names for c in of(Syscalls, facts)}
    assert "mkdir" in calls[one]
    assert "mkdir" not in calls[two]


def test_no_variable_makes_the_sensor_talk(engine: str) -> None:
    environment = {**os.environ, "LACRE_SENSOR_DEBUG": "1"}
    done = subprocess.run(
        [binary()], stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=True, timeout=60
    )
    assert done.stderr == b"", "nobody reads it before the end"


def test_nothing_stays_when_lacre_is_killed(engine: str) -> None:
    script = (
        "import time; from lacre.sensor import Sensor\n"
        "with Sensor() as sensor: print(sensor._process.pid, flush=True); time.sleep(100)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as lacre:
        assert lacre.stdout
        native = Path("/proc", lacre.stdout.readline().strip())
        assert native.exists()
        lacre.kill()
    deadline = time.monotonic() + 10
    while native.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not native.exists()


def test_a_sensor_that_dies_is_told(engine: str) -> None:
    with Sensor() as sensor:
        assert sensor._process
        sensor._process.kill()
        with pytest.raises(SensorError, match="exit code"):
            sensor.facts()


def test_wrong_containers_are_told(engine: str) -> None:
    with Sensor() as sensor:
        sensor.watch("a" * 64)
        with pytest.raises(SensorError, match="already watched"):
            sensor.watch("a" * 64)
        with pytest.raises(SensorError, match="not watched"):
            sensor.phase("b" * 64, "work")
        with pytest.raises(SensorError, match="no container id"):
            sensor.watch("a\n1 sync")


def test_the_probe_finds_what_the_tests_use() -> None:
    ground = probe()
    assert ground.usable, ground.why
    assert ground.capability_mechanism in {"fexit", "tracepoint", "kprobe"}
