"""The attacks of writing, executing, exhausting and spying, by the real program: with everything allowed all work,
under a strict seal none that a control stops, and nothing is left of them.

Nothing here may pass by being broken: what is absent says why.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
import resource
import struct
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from lacre.attacks.author import taken
from lacre.attacks.exhausting.descriptors import MORE_THAN
from lacre.attacks.model import (
    Attack,
    Counter,
    Group,
    Neighbour,
    Nothing,
    Result,
    Scene,
    Step,
    StepTaken,
    Verdict,
)
from lacre.attacks.registry import ATTACKS
from lacre.attacks.run import counted, verdict
from lacre.attacks.scene import look
from lacre.attacks.stage import TOOL, inside, program
from lacre.engine import Container, Engine, ImageInfo, Twin
from lacre.engine.inside import cpu_periods, credentials, processes
from lacre.seal.model import CONTROLS
from lacre.seccomp import profile
from lacre.seccomp.core import CORE
from lacre.seccomp.runtime import RUNTIME
from lacre.seccomp.table import union
from tests.integration.test_attacks_native import ALL_BUT_PRIVILEGED, docker

IMAGE = "lacre-test/prey:latest"
GROUPS = (Group.WRITING, Group.EXECUTING, Group.EXHAUSTING, Group.SPYING)
OURS = [attack for attack in ATTACKS if attack.group in GROUPS]
CLOSED = [attack for attack in OURS if attack.control]
BY_DESIGN = [attack for attack in OURS if attack.by_design]
PORT = 7227
NET_RAW = 13
# Only for who is not root already; `as_user` shows them working.
FOR_USERS = {"set-id", "file-capabilities", "root-reach"}
# What no intruder is kept from: the exhausting attacks take it from the host.
OPEN = (*ALL_BUT_PRIVILEGED, "--tmpfs=/unbounded:exec,mode=1777", "--volume=/data")
SEALED = (
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    "--read-only",
    "--tmpfs=/tmp:size=16m,mode=1777",
    "--tmpfs=/run:size=8m,mode=755,uid=30033",
    "--volume=/data",
    "--memory=256m",
    "--memory-swap=256m",
    "--pids-limit=64",
    "--cpus=1",
    "--ulimit=nofile=4096:4096",
    "--log-driver=json-file",
    "--log-opt=max-size=10m",
    "--log-opt=max-file=5",
)
UNSEALED_USER, ROOT = "30033:30033", "0:0"


class Alone:
    """A twin of one container, as far as a scene asks."""

    containers = ()


@dataclass(frozen=True)
class Victim:
    """A container that sleeps twice, attacked as `user`."""

    engine: Engine
    id: str
    user: str
    scene: Scene

    @property
    def pid(self) -> int:
        return self.engine.application_pid(self.id)

    def take(self, step: Step) -> StepTaken:
        before = self._count(step.counter)
        command = inside(step.action, *step.arguments)
        if step.as_root:
            done = self.engine.execute_as_root(self.id, program(), command, seconds=step.seconds)
        else:
            done = self.engine.execute(self.id, command, user=self.user, seconds=step.seconds)
        found = taken(step, done, (), credentials(self.pid))
        return counted(found, before, self._count(step.counter))

    def suffer(self, attack: Attack) -> Verdict:
        steps = attack.plan(self.scene)
        if isinstance(steps, Nothing):
            return Verdict(attack=attack, result=Result.NOT_APPLICABLE, reason=steps.reason)
        return verdict(attack, [self.take(step) for step in steps])

    def _count(self, counter: Counter) -> int | None:
        match counter:
            case Counter.CPU_PERIODS:
                return cpu_periods(self.pid)
            case Counter.LOG:
                return self.engine.log_size(self.id)
            case Counter.NONE:
                return None

    def processes(self) -> list[int]:
        return sorted(number for number, _, _ in processes(self.pid))

    def named(self, directory: str) -> list[str]:
        """What is called by our name there; root without capabilities is not let in everywhere."""
        command = ("find", directory, "-xdev", "-name", "*lacre*")
        return docker("exec", "--user", ROOT, self.id, *command, check=False).stdout.split()

    def differences(self) -> list[str]:
        return sorted(docker("diff", self.id).stdout.splitlines())


@pytest.fixture(scope="module")
def image(connected: Engine) -> Iterator[ImageInfo]:
    """Debian with what an intruder looks for: a web root, cron, an entry point, a file that carries NET_RAW."""
    prey, context = io.BytesIO(), io.BytesIO()
    with tarfile.open(fileobj=prey, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in ("var/www/html", "etc/cron.d"):
            made = tarfile.TarInfo(name)
            made.type, made.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(made)
        carries = tar.gettarinfo(program(), "usr/local/bin/carries")
        granted = struct.pack(
            "<5I", 0x02000001, 1 << NET_RAW, 0, 0, 0
        )  # linux/capability.h, revision 2, effective
        carries.mode = 0o755
        carries.pax_headers = {"SCHILY.xattr.security.capability": granted.decode("utf-8", "surrogateescape")}
        with program().open("rb") as content:
            tar.addfile(carries, content)
    with tarfile.open(fileobj=context, mode="w") as tar:
        for name, text in (
            ("Dockerfile", b"FROM debian:bookworm-slim\nADD prey.tar /\nWORKDIR /var/www/html\n"),
            ("prey.tar", prey.getvalue()),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text))
    command = ["docker", "build", "--quiet", "--tag", IMAGE, "-"]
    done = subprocess.run(command, input=context.getvalue(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    yield connected.image(IMAGE)
    docker("rmi", "--force", IMAGE)


@pytest.fixture(scope="module")
def connected(engine: str) -> Iterator[Engine]:
    with Engine() as found:
        yield found


@pytest.fixture(scope="module")
def neighbour(image: ImageInfo) -> Iterator[Neighbour]:
    """Another service of the same network, which answers."""
    found = docker(
        "run", "--detach", f"--volume={program().parent}:{TOOL}:ro", IMAGE, *inside("answer", str(PORT))
    )
    try:
        shown = docker(
            "inspect",
            "--format",
            "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}",
            found.stdout.strip(),
        )
        yield Neighbour(service="db", address=shown.stdout.strip(), ports=(PORT,))
    finally:
        docker("rm", "--force", "--volumes", found.stdout.strip())


@contextmanager
def victim(
    connected: Engine, image: ImageInfo, neighbour: Neighbour, user: str, options: Sequence[str]
) -> Iterator[Victim]:
    command = (f"--volume={program().parent}:{TOOL}:ro", f"--user={user}", *options, IMAGE)
    found = docker("run", "--detach", *command, "sh", "-c", "sleep 600 & exec sleep 600").stdout.strip()
    try:
        pid, deadline = connected.application_pid(found), time.monotonic() + 10
        while len(names := names_of(pid)) < 2 or set(names) != {"sleep"}:
            assert time.monotonic() < deadline, names
        seen = look(
            connected,
            cast(Twin, Alone()),
            Container(found, "web", 1),
            info=connected.info(),
            image=image,
            needed={},
            closed=False,
        )
        yield Victim(connected, found, user, dataclasses.replace(seen, neighbours=(neighbour,)))
    finally:
        docker("rm", "--force", "--volumes", found)


def names_of(pid: int) -> list[str]:
    """The programs of the container's processes; one that has just ended has none."""
    files = (Path(f"/proc/{number}/comm") for number, _, _ in processes(pid))
    return [file.read_text().strip() for file in files if file.exists()]


@pytest.fixture(scope="module")
def as_root(connected: Engine, image: ImageInfo, neighbour: Neighbour) -> Iterator[Victim]:
    """All that can be allowed, as root."""
    with victim(connected, image, neighbour, ROOT, OPEN) as found:
        yield found


@pytest.fixture(scope="module")
def as_user(connected: Engine, image: ImageInfo, neighbour: Neighbour) -> Iterator[Victim]:
    """All that can be allowed, as somebody else."""
    with victim(connected, image, neighbour, UNSEALED_USER, OPEN) as found:
        yield found


def sealed_with(allowed: frozenset[str], folder: Path) -> tuple[str, ...]:
    path = folder / "seccomp.json"
    path.write_text(json.dumps(profile(allowed, architectures=(os.uname().machine,))))
    return (*SEALED, f"--security-opt=seccomp={path}")


@pytest.fixture(scope="module")
def sealed(
    connected: Engine, image: ImageInfo, neighbour: Neighbour, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Victim]:
    """As a seal leaves it: the filter has what runc and any program need."""
    options = sealed_with(union(RUNTIME) | union(CORE), tmp_path_factory.mktemp("sealed"))
    with victim(connected, image, neighbour, UNSEALED_USER, options) as found:
        yield found


@pytest.fixture(scope="module")
def bare(
    connected: Engine, image: ImageInfo, neighbour: Neighbour, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Victim]:
    """The filter has what runc needs and what starts `sh` and `sleep`, and no more: nothing can be removed there."""
    starts = frozenset(
        {"access", "clock_nanosleep", "dup2", "getuid", "geteuid", "pread64", "uname", "vfork"}
    )
    options = sealed_with(union(RUNTIME) | starts, tmp_path_factory.mktemp("bare"))
    with victim(connected, image, neighbour, UNSEALED_USER, options) as found:
        yield found


WITHOUT: dict[str, tuple[str, ...]] = {
    "user": ("--user",),
    "capabilities": ("--cap-drop",),
    "filesystem": ("--read-only", "--tmpfs"),
    "syscalls": ("--security-opt=seccomp",),
    "privileges": ("--security-opt=no-new-privileges",),
    "limits": ("--memory", "--pids-limit", "--cpus", "--ulimit"),
    "logging": ("--log",),
}
"""What to leave out of a sealed container's options, by the control that they are."""

NOTICED: dict[str, set[str]] = {
    "user": {"private-files"},
    "capabilities": {"root-reach"},
    "filesystem": {"dropped-program", "shared-object", "hidden-directory", "disk-fill"},
    "syscalls": {"memfd", "trace"},
    "privileges": {"set-id"},
    "limits": {"fork-bomb", "threads", "memory", "cpu"},
    "logging": {"log-flood"},
}
"""What works again, at the least."""


def descriptors_bounded_by_the_engine() -> bool:
    """Whether no container here can have as many as the attack wants: the engine itself may have no more."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] <= MORE_THAN


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_with_everything_allowed_an_attack_works(attack: Attack, as_root: Victim) -> None:
    found = as_root.suffer(attack)
    if attack.id == "descriptors" and descriptors_bounded_by_the_engine():
        assert (found.result, found.errno) == (Result.STOPPED, "EMFILE")
        return
    if attack.id in FOR_USERS:
        assert found.result is Result.NOT_APPLICABLE and "root" in found.reason
        return
    assert found.result is Result.WORKED, found


@pytest.mark.parametrize("attack", [a for a in OURS if a.id in FOR_USERS], ids=lambda attack: attack.id)
def test_who_is_not_root_becomes_more(attack: Attack, as_user: Victim) -> None:
    found = as_user.suffer(attack)
    assert found.result is Result.WORKED, found


@pytest.mark.parametrize("attack", CLOSED, ids=lambda attack: attack.id)
def test_a_strict_seal_stops_what_a_control_can_stop(attack: Attack, sealed: Victim) -> None:
    found = sealed.suffer(attack)
    assert found.result is Result.STOPPED, found
    assert all(step.errno or step.by for step in found.steps if step.result is Result.STOPPED), found


@pytest.mark.parametrize("attack", BY_DESIGN, ids=lambda attack: attack.id)
def test_what_is_open_by_design_is_open_under_a_strict_seal(attack: Attack, sealed: Victim) -> None:
    found = sealed.suffer(attack)
    if attack.id in ("data", "dropped-data", "volume-fill"):
        # a fresh volume belongs to root: only its owner is kept out, and this user is not
        assert (found.result, found.errno) == (Result.STOPPED, "EACCES")
        return
    assert found.result is Result.WORKED, found


@pytest.mark.parametrize("attack", CLOSED, ids=lambda attack: attack.id)
def test_a_filter_that_refuses_nearly_all_makes_stops_not_errors(attack: Attack, bare: Victim) -> None:
    found = bare.suffer(attack)
    assert found.result is Result.STOPPED, found


@pytest.mark.parametrize("control", CONTROLS)
def test_the_loss_of_one_control_is_noticed(
    control: str, connected: Engine, image: ImageInfo, neighbour: Neighbour, tmp_path: Path
) -> None:
    works = what_works(control, connected, image, neighbour, tmp_path, UNSEALED_USER)
    assert {attack.id for attack in works} >= NOTICED[control]
    assert {attack.control for attack in works} == {control}


def test_a_service_that_stays_root_needs_its_capabilities_dropped(
    connected: Engine, image: ImageInfo, neighbour: Neighbour, tmp_path: Path
) -> None:
    works = what_works("capabilities", connected, image, neighbour, tmp_path, ROOT)
    assert {"raw-socket", "packet-socket", "private-files"} <= {attack.id for attack in works}
    assert {attack.control for attack in works} == {"capabilities", "user"}


def what_works(
    control: str, connected: Engine, image: ImageInfo, neighbour: Neighbour, folder: Path, user: str
) -> list[Attack]:
    """In a sealed container without one of its controls."""
    options = sealed_with(union(RUNTIME) | union(CORE), folder)
    left = [option for option in options if not option.startswith(WITHOUT[control])]
    with victim(connected, image, neighbour, ROOT if control == "user" else user, left) as found:
        return [attack for attack in CLOSED if found.suffer(attack).result is Result.WORKED]


def test_the_scene_is_what_the_container_is(as_root: Victim, as_user: Victim, sealed: Victim) -> None:
    assert as_root.scene.other_processes and as_root.scene.own_pids
    assert as_user.scene.capable_files == ("/usr/local/bin/carries",)
    assert [place.path for place in sealed.scene.writable("root", "tmpfs")] == [
        "/tmp",
        "/run",
        "/dev/shm",
    ] or {place.path for place in sealed.scene.writable("root", "tmpfs")} == {"/tmp", "/run", "/dev/shm"}
    bounds = sealed.scene.bounds
    assert (bounds.pids, bounds.cpus, bounds.nofile) == (64, 1.0, 4096)
    assert bounds.memory == 256 << 20 and bounds.log == 10 << 20


@pytest.mark.parametrize("name", ["as_root", "as_user", "sealed"])
def test_nothing_is_left_in_the_container(name: str, request: pytest.FixtureRequest) -> None:
    found: Victim = request.getfixturevalue(name)
    running, differences = found.processes(), found.differences()
    for attack in OURS:
        found.suffer(attack)
    assert found.processes() == running
    assert found.differences() == differences
    listed = found.named("/")
    for mount in found.scene.writable("tmpfs", "volume", "device"):
        listed += found.named(mount.path)
    assert listed == [TOOL]
    state = found.engine.state(found.id)
    assert state.running and state.restart_count == 0


def test_all_of_them_take_seconds(as_root: Victim) -> None:
    began = time.monotonic()
    for attack in OURS:
        as_root.suffer(attack)
    assert time.monotonic() - began < 20
