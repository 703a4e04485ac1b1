"""The attacks on host and kernel, by the real program: with everything allowed all work, under a strict seal none.

Nothing here may pass by being broken: what is absent says why, and the host itself confirms it.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lacre.attacks.model import Attack, Group, Nothing, Result, Scene, Step, StepTaken, Verdict
from lacre.attacks.registry import ATTACKS
from lacre.attacks.run import verdict
from lacre.attacks.stage import TOOL, inside, program
from lacre.engine.inside import protocols
from lacre.seccomp import profile
from lacre.seccomp.core import CORE
from lacre.seccomp.runtime import RUNTIME
from lacre.seccomp.table import union
from tests.grounds import Machine
from tests.unit.attacks.scenes import place, scene

IMAGE = "debian:bookworm-slim"
OURS = [attack for attack in ATTACKS if attack.group in (Group.ESCAPING, Group.KERNEL)]
SOCKET = "/run/docker.sock"
EPERM, EACCES, EROFS, ENOSYS = 1, 13, 30, 38
# Nobody else's uids, nor those of another run of these tests: a process of one's own uid, in whichever container,
# lets its like in where all processes are seen.
STRICT, STRANGER = (f"{base + os.getpid() % 10000}:30000" for base in (30000, 40000))
# Only a filter or a sysctl of the host stops these: the kernel asks no capability.
OPEN_TO_EVERYBODY = frozenset(
    {"perf-event", "userfaultfd", "io-uring", "personality", "user-namespace", "keyring", "rare-families"}
)
RESULTS = {
    "worked": Result.WORKED,
    "stopped": Result.STOPPED,
    "absent": Result.NOT_APPLICABLE,
    "error": Result.ERROR,
}

# What --privileged gives; it fails where the engine itself does not have SYS_RESOURCE, as on the working machine.
CAPABILITIES = (
    "AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID IPC_LOCK"
    " IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST"
    " NET_RAW SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT"
    " SYS_PTRACE SYS_RAWIO SYS_TIME SYS_TTY_CONFIG WAKE_ALARM"
)
ALL_BUT_PRIVILEGED = (
    *(f"--cap-add={name}" for name in CAPABILITIES.split()),
    "--security-opt=seccomp=unconfined",
    "--security-opt=systempaths=unconfined",
    "--security-opt=apparmor=unconfined",
    "--device-cgroup-rule=b *:* rwm",
)


def everything_allowed() -> tuple[str, ...]:
    """The real --privileged where the engine can."""
    status = Path("/proc/self/status").read_text().splitlines()
    bounding = next(int(line.split()[1], 16) for line in status if line.startswith("CapBnd"))
    all_of_them = (1 << (int(Path("/proc/sys/kernel/cap_last_cap").read_text()) + 1)) - 1
    return ("--privileged",) if bounding == all_of_them else ALL_BUT_PRIVILEGED


def docker(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 or not check, done.stderr
    return done


@dataclass(frozen=True)
class Victim:
    """A container that sleeps, attacked as `user`."""

    id: str
    user: str
    scene: Scene

    def take(self, step: Step) -> StepTaken:
        done = docker(
            "exec", "--user", self.user, self.id, *inside(step.action, *step.arguments), check=False
        )
        assert done.returncode == 0, (step, done)
        result, number, detail = done.stdout.removesuffix("\n").split("\t")
        assert (int(number) != 0) == (result == "stopped"), done.stdout
        return StepTaken(step=step, result=RESULTS[result], errno=number, detail=detail)

    def suffer(self, attack: Attack) -> Verdict:
        steps = attack.plan(self.scene)
        if isinstance(steps, Nothing):
            return Verdict(attack=attack, result=Result.NOT_APPLICABLE, reason=steps.reason)
        return verdict(attack, [self.take(step) for step in steps])


@pytest.fixture(scope="module")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a copy of the native program that everybody may execute."""
    directory = tmp_path_factory.mktemp("tool")
    directory.chmod(0o755)
    copy = directory / program().name
    shutil.copy(program(), copy)
    copy.chmod(0o755)
    return directory


def victim(tool: Path, user: str, options: Sequence[str], **changed: object) -> Victim:
    found = docker(
        "run", "--detach", "--init", f"--volume={tool}:{TOOL}:ro", f"--volume={_socket()}:{SOCKET}",
        *options, IMAGE, "sleep", "3000",
    ).stdout.strip()  # fmt: skip
    uid = int(user.partition(":")[0])
    fields: dict[str, object] = {
        "uid": uid,
        "gid": uid,
        "places": (place("/", "root"), place("/dev", "device"), place("/dev/shm", "tmpfs")),
        "cgroup": 2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1,
        "protocols": protocols(os.getpid()),
        "engine_sockets": (SOCKET,),
        **changed,
    }
    return Victim(found, user, scene(**fields))


def _socket() -> str:
    host = docker("context", "inspect", "--format", "{{.Endpoints.docker.Host}}").stdout.strip()
    return host.removeprefix("unix://")


@pytest.fixture(scope="module")
def everything(engine: str, tool: Path) -> Iterator[Victim]:
    """All that can be allowed, as root; with the host's processes, for /proc/1/root is an attack only there."""
    found = victim(tool, "0:0", (*everything_allowed(), "--pid=host"), own_pids=False)
    yield found
    docker("rm", "--force", found.id)


@pytest.fixture(scope="module")
def default(engine: str, tool: Path) -> Iterator[Victim]:
    """What `docker run` gives, as root."""
    found = victim(tool, "0:0", ())
    yield found
    docker("rm", "--force", found.id)


@pytest.fixture(scope="module")
def strict(engine: str, tool: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """As a seal leaves it: the filter has what runc and any program need, and what starts `sleep`."""
    allowed = union(RUNTIME) | union(CORE) | {"pread64", "execve"}
    path = tmp_path_factory.mktemp("strict") / "seccomp.json"
    path.write_text(json.dumps(profile(allowed, architectures=(_machine(),))))
    options = (
        f"--user={STRICT}",
        "--cap-drop=ALL",
        "--read-only",
        "--security-opt=no-new-privileges",
        f"--security-opt=seccomp={path}",
        "--pid=host",
    )
    found = victim(tool, STRICT, options, own_pids=False)
    yield found
    docker("rm", "--force", found.id)


def _machine() -> str:
    return os.uname().machine


def _absent_here() -> dict[str, bool]:
    """Attacks that this kernel has nothing for, as the host tells it."""
    return {
        "kexec": not Path("/proc/sys/kernel/kexec_load_disabled").exists(),
        "modules": not Path("/proc/sys/kernel/modules_disabled").exists(),
        "sysrq": not Path("/proc/sysrq-trigger").exists(),
        "rare-families": not protocols(os.getpid()) & {"AF_VSOCK", "XDP", "SCTP", "TIPC", "ALG"},
    }


def _refused_to_the_host_too() -> set[str]:
    """A disk that the host's root cannot open either (this machine's kernel keeps it) opens for nobody."""
    disks = [line.split()[3] for line in Path("/proc/partitions").read_text().splitlines()[2:]]
    for name in disks:
        if not name.startswith(("loop", "ram", "zram", "sr")):
            try:
                os.close(os.open(f"/dev/{name}", os.O_RDONLY | os.O_NONBLOCK))
            except PermissionError:
                continue
            return set()
    return {"raw-disk"}


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_with_everything_allowed_an_attack_works_or_says_why_there_is_nothing(
    everything: Victim, attack: Attack
) -> None:
    found = everything.suffer(attack)
    if _absent_here().get(attack.id):
        assert found.result is Result.NOT_APPLICABLE
        assert found.reason
    elif attack.id in _refused_to_the_host_too():
        assert (found.result, found.errno) == (Result.STOPPED, str(EPERM))
        assert found.steps[0].detail == "open(2)", "the node itself could be made"
    else:
        assert found.result is Result.WORKED, found


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_a_strict_seal_stops_an_attack(strict: Victim, attack: Attack) -> None:
    found = strict.suffer(attack)
    if attack.id in ("sysrq", "rare-families") and _absent_here()[attack.id]:
        assert found.result is Result.NOT_APPLICABLE
    else:
        assert found.result is Result.STOPPED, found


@pytest.mark.parametrize("attack", [a for a in OURS if a.id not in OPEN_TO_EVERYBODY], ids=lambda a: a.id)
def test_the_kernel_asks_for_permission_before_the_argument_that_keeps_an_attack_harmless(
    everything: Victim, attack: Attack
) -> None:
    """Without a filter or a mask, and without a capability: else a stop would only be a bad argument."""
    found = replace(everything, user=STRANGER).suffer(attack)
    if _absent_here().get(attack.id):
        assert found.result is Result.NOT_APPLICABLE
    else:
        assert found.result is Result.STOPPED, found
        assert {step.errno for step in found.steps} <= {str(EPERM), str(EACCES), str(EROFS)}, found


def test_a_call_that_a_filter_denies_to_exist_is_stopped_and_not_absent(strict: Victim) -> None:
    assert strict.take(Step("io-uring")).errno == str(ENOSYS)
    assert strict.take(Step("mount-api", (TOOL,))).errno == str(ENOSYS)


def test_docker_as_it_comes_stops_most_and_gives_root_a_node_and_another_root_directory(
    default: Victim,
) -> None:
    found = {attack.id: default.suffer(attack).result for attack in OURS}
    assert {found["device-node"], found["chroot"]} == {Result.WORKED}
    stopped = {name for name, result in found.items() if result is Result.STOPPED}
    assert {"mount", "umount", "bpf", "user-namespace", "core-pattern", "sysfs", "keyring"} <= stopped
    assert Result.ERROR not in found.values()


def test_verdicts_do_not_change_with_the_number_of_times(
    everything: Victim, default: Victim, strict: Victim
) -> None:
    for attacked in (everything, default, strict):
        once = [attacked.suffer(attack) for attack in OURS]
        assert [attacked.suffer(attack) for attack in OURS] == once


def _host() -> dict[str, object]:
    """What a careless attack would have changed of the host."""
    libc = ctypes.CDLL(None)
    zone = (ctypes.c_int * 2)()
    libc.gettimeofday(None, zone)
    settings = (
        "/proc/swaps",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/modprobe",
        "/proc/sys/kernel/printk",
        "/proc/sys/vm/overcommit_memory",
        "/sys/kernel/rcu_expedited",
        "/sys/kernel/uevent_helper",
        "/proc/modules",
        "/proc/1/cgroup",
    )
    # the number of cgroups changes with every container, the hierarchies and what is mounted must not
    groups = [line.split()[:2] for line in Path("/proc/cgroups").read_text().splitlines()]
    mounts = [
        line
        for line in Path("/proc/1/mountinfo").read_text().splitlines()
        if line.partition(" - ")[2].split()[0] in ("tmpfs", "proc", "sysfs", "cgroup", "cgroup2")
        and "/docker/" not in line  # other containers come and go
    ]
    return {
        "mounts": mounts,
        **{path: Path(path).read_text() for path in settings if Path(path).exists()},
        "hierarchies": groups,
        "release agents": [p.read_text() for p in sorted(Path("/sys/fs/cgroup").glob("*/release_agent"))],
        "zone": list(zone),
        "name": socket.gethostname(),
        "nodes": sorted(path.name for path in Path("/dev").iterdir()),
    }


def test_the_host_and_the_container_are_afterwards_as_they_were(everything: Victim, strict: Victim) -> None:
    def within() -> list[str]:
        changed = docker("diff", everything.id).stdout.splitlines()
        return [docker("exec", everything.id, "cat", "/proc/self/mountinfo").stdout, *sorted(changed)]

    before = _host(), within()
    processes = docker("top", everything.id).stdout.splitlines()
    for attack in OURS:
        everything.suffer(attack)
        strict.suffer(attack)
    assert (_host(), within()) == before
    assert docker("top", everything.id).stdout.splitlines() == processes


def test_wrong_use_names_the_actions_and_says_nothing_on_the_standard_output(everything: Victim) -> None:
    done = docker("exec", everything.id, *inside("no-such-action"), check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "umount" in done.stderr


@pytest.mark.timeout(1800)
def test_on_debian_13_the_really_privileged_shows_what_this_kernel_lacks(ground_d: Machine) -> None:
    """Modules, kexec, the emergency keys, a disk that opens, cgroup v2, AppArmor: these tests, run there."""
    ground_d.put_lacre()
    done = ground_d.run(
        "cd /work/lacre && PYTHONPATH=src:/opt/lacre-deps python3 -m pytest -q -p no:cacheprovider"
        " tests/integration/test_attacks_native.py -k 'everything_allowed or strict_seal or permission'",
        timeout=1700,
    )
    assert done.code == 0, done.output[-4000:]
    assert "passed" in done.output and "skipped" not in done.output
