"""Attacks on real twins: what a seal stops, that nothing passes by being broken, and that the host stays as it is."""

from __future__ import annotations

import json
import os
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lacre.attacks import ATTACKS
from lacre.seal import file as seal_file
from lacre.seal.controls import capabilities, filesystem, limits, privileges, syscalls
from lacre.seal.model import CONTROLS, Logging, Seal, ServiceSeal, User
from tests.attacking import ABSENT_WITH_EVERYTHING, check_stopped, outcomes, verdicts
from tests.sealing import SealedServer, lacre, leftovers, seal
from tests.servers.harness import Server

SERVERS = (
    "redis", "postgres", "haproxy", "memcached", "apache2", "mosquitto", "mariadb", "node", "gunicorn",
)  # fmt: skip
WHY = "taken away by a test"
BY_ID = {attack.id: attack for attack in ATTACKS}

# This machine's bounding set lacks SYS_RESOURCE, and its engine does not know the names after AUDIT_READ.
EVERYTHING = """\
services:
  control:
    image: debian:bookworm-slim
    command: ["sh", "-c", "echo started; exec sleep 1000"]
    volumes: ["data:/data", "/var/run/docker.sock:/var/run/docker.sock"]
    stop_signal: KILL
    cap_add: [AUDIT_CONTROL, AUDIT_READ, AUDIT_WRITE, BLOCK_SUSPEND, CHOWN, DAC_OVERRIDE, DAC_READ_SEARCH, FOWNER,
      FSETID, IPC_LOCK, IPC_OWNER, KILL, LEASE, LINUX_IMMUTABLE, MAC_ADMIN, MAC_OVERRIDE, MKNOD, NET_ADMIN,
      NET_BIND_SERVICE, NET_BROADCAST, NET_RAW, SETFCAP, SETGID, SETPCAP, SETUID, SYS_ADMIN, SYS_BOOT, SYS_CHROOT,
      SYS_MODULE, SYS_NICE, SYS_PACCT, SYS_PTRACE, SYS_RAWIO, SYS_TIME, SYS_TTY_CONFIG, SYSLOG, WAKE_ALARM]
    security_opt: [seccomp=unconfined, apparmor=unconfined, systempaths=unconfined]
    device_cgroup_rules: ["b *:* rwm"]
    tmpfs: [/unbounded]
  peer:
    image: debian:bookworm-slim
    command: ["perl", "-MIO::Socket::INET", "-e",
      "$$s = IO::Socket::INET->new(LocalPort => 8080, Listen => 5); 1 while $$s->accept"]
    expose: ["8080"]
    stop_signal: KILL
volumes: {data: {}}
"""


@pytest.fixture(scope="module")
def attacked_nginx(
    test_server: Callable[[str], Server], tmp_path_factory: pytest.TempPathFactory
) -> SealedServer:
    """nginx, sealed and attacked by one command."""
    return seal(test_server("nginx"), tmp_path_factory.mktemp("attacked"), attack=True)


@pytest.fixture(scope="module")
def attacked_demo(demo: Server, tmp_path_factory: pytest.TempPathFactory) -> SealedServer:
    """The demo's three services, sealed and attacked by one command."""
    return seal(demo, tmp_path_factory.mktemp("attacked-demo"), attack=True)


def test_the_seal_of_a_server_stops_what_can_be_stopped(attacked_nginx: SealedServer) -> None:
    check_stopped(attacked_nginx)
    page = (attacked_nginx.output / "report.html").read_text()
    assert all(attack.title in page for attack in (BY_ID["memfd"], BY_ID["fork-bomb"]))


def test_every_stop_names_who_stopped_it_and_everything_else_a_reason(attacked_nginx: SealedServer) -> None:
    result = attacked_nginx.result
    for side in ("before", "after"):
        for service in result["sides"][side]["services"]:
            for id, verdict in verdicts(result, side, service).items():
                if verdict["result"] == "stopped":
                    assert verdict["by"], f"{side} {service} {id}: {verdict}"
                else:
                    assert verdict["reason"], f"{side} {service} {id}: {verdict}"


def test_lacres_own_neighbour_is_no_service_of_the_project(attacked_nginx: SealedServer) -> None:
    services = attacked_nginx.result["sides"]["before"]["services"]
    for service in services:
        steps = verdicts(attacked_nginx.result, "before", service)["neighbours"]["steps"]
        assert len({step["step"]["arguments"][0] for step in steps}) == len(services) - 1


@pytest.mark.parametrize(
    ("id", "control"),
    [
        ("private-files", "user"),
        ("root-reach", "capabilities"),
        ("dropped-program", "filesystem"),
        ("memfd", "syscalls"),
        ("set-id", "privileges"),
        ("fork-bomb", "limits"),
        ("log-flood", "logging"),
    ],
)
def test_each_control_is_seen_to_stop_what_only_it_stops(
    id: str, control: str, attacked_nginx: SealedServer
) -> None:
    verdict = verdicts(attacked_nginx.result, "after", "nginx")[id]
    assert (verdict["result"], verdict["by"]) == ("stopped", [control])


def test_the_host_and_a_neighbour_answer_while_things_are_exhausted(attacked_nginx: SealedServer) -> None:
    after = attacked_nginx.result["sides"]["after"]
    asked = after["answering"]
    assert set(asked) == {
        id
        for service in after["services"].values()
        for id, verdict in service["verdicts"].items()
        if BY_ID[id].group == "exhausting" and verdict["result"] != "not applicable"
    }
    for id, waits in asked.items():
        assert waits["lost"] == 0, f"{id}: {waits}"
        assert waits["neighbour"] is not None, f"{id}: {waits}"


@pytest.mark.long
@pytest.mark.parametrize("name", SERVERS)
def test_the_seal_of_each_server_stops_what_can_be_stopped(
    name: str, test_server: Callable[[str], Server], tmp_path: Path
) -> None:
    check_stopped(seal(test_server(name), tmp_path, attack=True))


@pytest.mark.long
def test_the_seal_of_the_demo_stops_what_can_be_stopped(attacked_demo: SealedServer) -> None:
    check_stopped(attacked_demo)


# ---- nothing passes by being broken -----------------------------------------------------------------


def disk_opens() -> bool:
    """Whether this machine lets even its own root open its disks."""
    disks = [line.split()[3] for line in Path("/proc/partitions").read_text().splitlines()[2:]]
    for disk in disks:
        try:
            os.close(os.open(f"/dev/{disk}", os.O_RDONLY | os.O_NONBLOCK))
        except OSError:
            continue
        return True
    return False


MACHINE: dict[str, Callable[[], bool]] = {
    "raw-disk": disk_opens,
    # who starts the engine bounds what it can give
    "descriptors": lambda: resource.getrlimit(resource.RLIMIT_NOFILE)[1] > 1 << 17,
}
"""What the machine itself must allow for an attack to work even then."""


@pytest.fixture(scope="module")
def everything_allowed(engine: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The attacks on a container with everything allowed that this machine's engine can allow."""
    directory = tmp_path_factory.mktemp("everything")
    (directory / "compose.yaml").write_text(EVERYTHING)
    ran = lacre(
        "attack", "--service", "control", "--format", "json", "--ready-timeout", "30", "--allow-host", "socket",
        directory=directory,
    )  # fmt: skip
    assert ran.code == 0, str(ran)
    result: dict[str, Any] = json.loads(ran.output)
    return result


@pytest.mark.parametrize("id", BY_ID)
def test_every_attack_works_where_everything_is_allowed(id: str, everything_allowed: dict[str, Any]) -> None:
    verdict = verdicts(everything_allowed, "now", "control")[id]
    if id in ABSENT_WITH_EVERYTHING or verdict["reason"].startswith("this kernel has no"):
        assert verdict["result"] == "not applicable", verdict
    elif id in MACHINE and not MACHINE[id]():
        assert verdict["result"] == "stopped", verdict
    else:
        assert verdict["result"] == "worked", verdict


# ---- odd containers ---------------------------------------------------------------------------------


ODD = """\
services:
  host-processes:
    image: debian:bookworm-slim
    command: ["sh", "-c", "sleep 1000; true"]
    pid: host
    cap_add: [SYS_PTRACE]
    stop_signal: KILL
  first:
    image: debian:bookworm-slim
    command: [sleep, "1000"]
    stop_signal: KILL
  lodger:
    image: debian:bookworm-slim
    command: [sleep, "1000"]
    pid: "service:first"
    network_mode: "service:first"
    stop_signal: KILL
  keeper:
    image: debian:bookworm-slim
    command: [setpriv, --reuid, "1000", --regid, "1000", --clear-groups, --inh-caps=+net_raw, --ambient-caps=+net_raw,
      sleep, "1000"]
    stop_signal: KILL
  noisy:
    image: debian:bookworm-slim
    command: [perl, -e, 'while (1) { syscall(272, 0x10000000); select(undef, undef, undef, 0.01) }']
    cap_drop: [ALL]
    stop_signal: KILL
  nothing:
    image: debian:bookworm-slim
    command: [sleep, "1000"]
    deploy: {replicas: 0}
  fragile:
    image: debian:bookworm-slim
    command: [perl, -e, 'while (1) { my $$n = () = glob("/proc/[0-9]*"); exit 7 if $$n > 60; select(undef, undef, undef,
      0.01) }']
    restart: always
    stop_signal: KILL
"""
ODD_ATTACKS = ("trace", "environment", "raw-socket", "fork-bomb", "memory", "log-flood")


@pytest.fixture(scope="module")
def odd(engine: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A few attacks on containers that share with others, are refused things all the time, or end of an attack."""
    directory = tmp_path_factory.mktemp("odd")
    (directory / "compose.yaml").write_text(ODD)
    only = [word for id in ODD_ATTACKS for word in ("--only", id)]
    ran = lacre("attack", *only, "--format", "json", "--allow-host", "pid", directory=directory)
    assert ran.code == 0, str(ran)
    result: dict[str, Any] = json.loads(ran.output)
    return result


def test_the_hosts_processes_are_left_alone_where_they_are_seen(odd: dict[str, Any]) -> None:
    for id in ("trace", "environment"):
        verdict = verdicts(odd, "now", "host-processes")[id]
        assert verdict["result"] == "worked", verdict
        numbers = [step["step"]["arguments"][0] for step in verdict["steps"]]
        assert len(numbers) == 2 and "1" not in numbers, "the shell and its child, and nobody else"


def test_the_log_that_is_flooded_is_the_containers_own(odd: dict[str, Any]) -> None:
    for service in ("first", "lodger", "host-processes"):
        assert verdicts(odd, "now", service)["log-flood"]["result"] == "worked"


def test_what_the_application_has_kept_and_the_attack_has_not_is_no_stop(odd: dict[str, Any]) -> None:
    verdict = verdicts(odd, "now", "keeper")["raw-socket"]
    assert verdict["result"] == "error" and "NET_RAW" in verdict["reason"]


def test_the_applications_own_refusals_name_nobody(odd: dict[str, Any]) -> None:
    assert verdicts(odd, "now", "noisy")["raw-socket"]["by"] == ["capabilities"]


def test_a_service_without_a_container_has_nothing_to_attack(odd: dict[str, Any]) -> None:
    assert set(outcomes(odd, "now", "nothing").values()) == {"not applicable"}


def test_a_service_that_ends_of_an_attack_and_is_restarted_is_attacked_further(odd: dict[str, Any]) -> None:
    fragile = verdicts(odd, "now", "fragile")
    assert fragile["fork-bomb"]["result"] == "error"
    assert any(word in fragile["fork-bomb"]["reason"] for word in ("ended", "is restarting"))
    assert fragile["memory"]["result"] == "worked", fragile["memory"]


# ---- every control counts ---------------------------------------------------------------------------


def without(sealed: ServiceSeal, control: str) -> ServiceSeal:
    """The seal with one control taken away, as the prove loop itself would give it up."""
    given_up: dict[str, Any] = {
        "user": User(off=WHY),
        "capabilities": capabilities.given_up(sealed.capabilities, WHY),
        "filesystem": filesystem.given_up(sealed.filesystem, WHY).model_copy(
            update={"tmpfs": (), "volumes": ()}
        ),
        "syscalls": syscalls.given_up(sealed.syscalls, WHY),
        "privileges": privileges.given_up(WHY),
        "limits": limits.given_up(WHY),
        "logging": Logging(off=WHY),
    }
    return sealed.model_copy(update={control: given_up[control]})


def red(sealed: SealedServer, control: str, directory: Path) -> str:
    """What turns red when one control is taken away from every service: attacks, or the proof; empty: nothing."""
    weaker: Seal = sealed.seal.model_copy(
        update={"services": {name: without(s, control) for name, s in sealed.seal.services.items()}}
    )
    path = directory / "weaker.yaml"
    path.write_text(seal_file.dump(weaker))
    ran = lacre("verify", str(path), "--attack", "--format", "json", directory=sealed.directory)
    assert ran.code in {0, 1, 4}, str(ran)
    said = json.loads(ran.output)
    if not said["works"]:
        return f"the proof: {'; '.join(said['failures'])}"
    return ", ".join(f"{service}: {id}" for service, again in said["again"].items() for id in again)


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_that_is_taken_away_is_missed(
    control: str, attacked_nginx: SealedServer, tmp_path: Path
) -> None:
    assert red(attacked_nginx, control, tmp_path), f"nothing notices that {control} is gone"


@pytest.mark.long
@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_of_the_demo_that_is_taken_away_is_missed(
    control: str, attacked_demo: SealedServer, tmp_path: Path
) -> None:
    assert red(attacked_demo, control, tmp_path), f"nothing notices that {control} is gone"


def test_a_seal_that_holds_passes_verify_with_the_attacks(attacked_nginx: SealedServer) -> None:
    ran = lacre("verify", "sealed", "--attack", directory=attacked_nginx.directory)
    assert ran.code == 0, str(ran)


# ---- the same again ---------------------------------------------------------------------------------


def attacked_again(sealed: SealedServer) -> dict[str, dict[str, str]]:
    ran = lacre("attack", "--seal", "sealed", "--format", "json", directory=sealed.directory)
    assert ran.code == 0, str(ran)
    result = json.loads(ran.output)
    return {
        f"{side} {service}": outcomes(result, side, service)
        for side in ("before", "after")
        for service in result["sides"][side]["services"]
    }


def of_sealing(sealed: SealedServer) -> dict[str, dict[str, str]]:
    return {
        f"{side} {service}": outcomes(sealed.result, side, service)
        for side in ("before", "after")
        for service in sealed.result["sides"][side]["services"]
    }


def test_a_second_run_gives_the_same_verdicts(attacked_nginx: SealedServer) -> None:
    assert attacked_again(attacked_nginx) == of_sealing(attacked_nginx)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_ten_runs_give_the_same_verdicts(attacked_demo: SealedServer) -> None:
    first = of_sealing(attacked_demo)
    for number in range(10):
        assert attacked_again(attacked_demo) == first, f"run {number + 1}"


# ---- the host ---------------------------------------------------------------------------------------


@pytest.fixture
def the_host_is_as_before() -> Iterator[None]:
    before = host()
    yield
    after = host()
    assert not {key: sorted(before[key] ^ after[key])[:20] for key in before if before[key] != after[key]}
    assert not leftovers()


def host() -> dict[str, set[str]]:
    """What an attack that left the twin could have changed: programs, mounts, sysctls, modules, files, rules.

    `groups` are the control groups of containers: with the twin's own nothing is left that it could burden the host
    with. The load itself (/proc/loadavg) is everybody's on this machine, and the mean of a minute that was busy.
    """
    programs = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                programs.add(str((entry / "exe").readlink()))
            except OSError:
                continue
    sysctls = subprocess.run(["sysctl", "-a"], capture_output=True, text=True, check=False).stdout
    mounts = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=False).stdout
    return {
        "programs": {program for program in programs if "lacre-attacks" in program},
        "groups": {str(path) for path in Path("/sys/fs/cgroup").rglob("docker/*") if path.is_dir()},
        "mounts": {mount for mount in mounts if "/docker/" not in mount},
        "sysctls": {line for line in sysctls.splitlines() if not _counts(line)},
        "modules": {line.split()[0] for line in _lines("/proc/modules")},
        # those of a network's own bridge come and go with it, other tests' networks beside
        "rules": {line for line in rules.splitlines() if line.startswith("-A") and " br-" not in line},
        "hostname": {os.uname().nodename},
        "files": {
            f"{path} {path.lstat().st_mtime_ns}" for at in ("/etc", "/root", "/usr") for path in _below(at)
        },
        "keys": {line for line in _lines("/proc/keys") if "lacre" in line},
        "swaps": set(_lines("/proc/swaps")),
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def _counts(sysctl: str) -> bool:
    """Values that change by themselves: counters, random numbers, what is there of each network device."""
    changing = (
        "random",
        "nr_",
        "-nr",
        "-state",
        "ns_last_pid",
        "fs.quota.",
        "conntrack_count",
        "veth",
        " = br-",
    )
    return any(word in sysctl for word in changing) or ".neigh." in sysctl or ".conf." in sysctl


def _below(directory: str) -> list[Path]:
    return [
        path
        for path in Path(directory).rglob("*")
        if not any(part in {".cache", ".docker", "mtab", "__pycache__"} for part in path.parts)
    ]


@pytest.mark.usefixtures("the_host_is_as_before")
def test_the_host_is_unchanged_after_all_attacks_on_an_unsealed_and_a_sealed_twin(
    attacked_nginx: SealedServer,
) -> None:
    ran = lacre("attack", "--seal", "sealed", directory=attacked_nginx.directory)
    assert ran.code == 0, str(ran)
