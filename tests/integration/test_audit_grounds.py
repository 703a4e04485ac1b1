"""The audit on other grounds: Docker 26 with either image store, Docker 29, and Debian 13 started in several ways."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from lacre.audit.hiding import Hiding
from lacre.audit.machine import audit_machine
from lacre.audit.model import Answer, Scope, Verdict
from lacre.audit.registry import CHECKS
from tests.audited import looked_at
from tests.grounds import Engine26, Engine29, Machine
from tests.grounds.cache import tree
from tests.grounds.engine29 import CONTAINERD, DOCKER, OLD_RUNC, RUNC
from tests.integration.conftest import BUILT, BUILT_SECONDS
from tests.integration.test_host_grounds import run
from tests.sealing import environment
from tests.unit.audit.machines import TODAY

IMAGE = "debian:bookworm-slim"
TIGHT = ("--user=1000:1000", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--memory=64m",
         "--cpus=0.5", "--pids-limit=50")  # fmt: skip


@pytest.mark.parametrize("store", ["ground_b", "ground_c", pytest.param("ground_e", marks=BUILT)])
def test_an_engine_beside_the_machines_own_is_audited(store: str, request: pytest.FixtureRequest) -> None:
    ground: Engine26 = request.getfixturevalue(store)
    ground.load([IMAGE])
    for name, words in (
        ("plain", (f"-v={ground.docker_host.removeprefix('unix://')}:/x",)),
        ("tight", TIGHT),
    ):
        ground.docker("run", "-d", "--name", f"audit-{name}", *words, IMAGE, "sleep", "600")
    try:
        machine = looked_at(ground.docker_host)
    finally:
        ground.docker("rm", "-fv", "audit-plain", "audit-tight")
    report = audit_machine(machine, CHECKS, Hiding(TODAY))
    answers: dict[tuple[str, Scope, str], Answer] = {
        (answer.check, answer.subject.scope, answer.subject.name): answer for answer in report.answers
    }

    def verdict(check: str, scope: Scope, name: str) -> Verdict:
        return answers[check, scope, name].verdict

    plain, tight = "audit-plain", "audit-tight"
    for check in ("LC401", "LC504", "LC511", "LC513", "LC526", "LC529", "LC532"):
        assert verdict(check, Scope.CONTAINER, plain) is Verdict.FAILS, check
    for check in (
        "LC401",
        "LC504",
        "LC511",
        "LC512",
        "LC513",
        "LC522",
        "LC526",
        "LC529",
        "LC528",
        "LC532",
        "LC540",
    ):
        assert verdict(check, Scope.CONTAINER, tight) is Verdict.PASSES, check
    assert verdict("LC408", Scope.IMAGE, IMAGE) is Verdict.FAILS
    (image,) = (image for image in machine.images if image.name == IMAGE)
    assert image.contents is not None
    assert image.contents.layers_read
    # The containerd store gives a digest to what no registry has, too.
    built = Verdict.UNKNOWN if store != "ground_b" else Verdict.NOT_APPLICABLE
    assert verdict("LC421", Scope.CONTAINER, plain) is built
    assert machine.daemon is not None
    assert machine.daemon.version.startswith(ground.version)
    assert machine.daemon.facts.config.endswith(".json")
    assert machine.daemon.facts.text is not None
    assert machine.daemon.facts.pid != int(Path("/run/docker.pid").read_text())
    assert not machine.missing


def test_an_engine_is_the_one_that_listens_whatever_its_socket_is_called(
    ground_b: Engine26, tmp_path: Path
) -> None:
    """Seen with an engine in a chroot: the one that the host has otherwise was judged in its place."""
    (tmp_path / "docker.sock").symlink_to(ground_b.docker_host.removeprefix("unix://"))
    machine = looked_at(f"unix://{tmp_path}/docker.sock")
    assert machine.daemon is not None
    assert machine.daemon.facts.config == "/etc/docker/overlay2.json"
    assert machine.daemon.facts.text is not None


def test_a_swarm_is_audited_by_its_manager(ground_b: Engine26) -> None:
    ground_b.load([IMAGE])

    def look() -> dict[str, Answer]:
        report = audit_machine(looked_at(ground_b.docker_host), CHECKS, Hiding(TODAY))
        wanted = (Scope.SWARM, Scope.DAEMON)
        return {answer.check: answer for answer in report.answers if answer.subject.scope in wanted}

    off = look()
    assert off["LC501"].verdict is Verdict.PASSES
    ground_b.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    try:
        fresh = look()
        for check in ("LC501", "LC702", "LC703", "LC705"):
            assert fresh[check].verdict is Verdict.FAILS, check
        for check in ("LC701", "LC707"):
            assert fresh[check].verdict is Verdict.PASSES, check
        assert fresh["LC704"].verdict is Verdict.NOT_APPLICABLE
        assert fresh["LC215"].verdict is Verdict.NOT_APPLICABLE
        ground_b.docker("swarm", "update", "--autolock=true", "--cert-expiry=8760h")
        words = ("--detach", "--env=DB_PASSWORD=correct-horse", IMAGE, "sleep", "600")
        ground_b.docker("service", "create", "--name=audit-db", *words)
        later = look()
        assert later["LC501"].verdict is Verdict.PASSES
        assert later["LC705"].verdict is Verdict.PASSES
        for check in ("LC704", "LC707"):
            assert later[check].verdict is Verdict.FAILS, check
        assert "correct-horse" not in repr(later["LC704"])
        ground_b.docker("swarm", "leave", "--force")
        ground_b.docker("swarm", "init", "--advertise-addr=127.0.0.1", "--listen-addr=127.0.0.1:2377")
        ground_b.docker("network", "rm", "ingress", stdin="y\n")  # answered before it is done
        deadline = time.monotonic() + 60
        while "ingress" in ground_b.docker("network", "ls", "--format={{.Name}}").split():
            assert time.monotonic() < deadline
            time.sleep(0.2)
        ground_b.docker("network", "create", "--driver=overlay", "--ingress", "--opt=encrypted", "audit-in")
        ground_b.docker("service", "create", "--name=audit-plain", "--detach", IMAGE, "sleep", "600")
        careful = look()
        for check in ("LC702", "LC703", "LC704"):
            assert careful[check].verdict is Verdict.PASSES, check
    finally:
        ground_b.docker("swarm", "leave", "--force")


def test_an_engine_that_filters_no_system_calls_is_told(engine: str) -> None:
    """Docker takes `unconfined` as its default from 23 on."""
    with Engine26("unfiltered") as ground:
        report = audit_machine(looked_at(ground.docker_host), CHECKS, Hiding(TODAY))
    (told,) = (answer for answer in report.answers if answer.check == "LC217")
    assert told.verdict is Verdict.FAILS


@pytest.mark.long
@pytest.mark.timeout(BUILT_SECONDS)
@pytest.mark.parametrize(("old_runc", "verdict"), [(False, Verdict.PASSES), (True, Verdict.FAILS)])
def test_programs_of_no_distribution_are_judged_by_their_versions(
    old_runc: bool, verdict: Verdict, ground_e: Engine29
) -> None:
    with Engine29(old_runc=True) if old_runc else nullcontext(ground_e) as ground:
        # Else the check would pass or fail by something else.
        made_of = json.loads(ground.docker("version", "--format", "{{json .Server.Components}}"))
        versions = {one["Name"].lower(): one["Version"].removeprefix("v") for one in made_of}
        assert versions["engine"] == DOCKER
        assert versions["containerd"].startswith(CONTAINERD)
        assert versions["runc"] == (OLD_RUNC if old_runc else RUNC)
        said = subprocess.run(
            [sys.executable, "-m", "tests.audited", "LC122"],
            env=environment({"DOCKER_HOST": ground.docker_host}), capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert answers(said.stdout)["LC122", ""] is verdict


def test_what_only_a_whole_machine_has_in_force_is_audited_there(ground_d: Machine) -> None:
    """AppArmor, control groups of version 2, units of systemd, containers that are really privileged."""
    ground_d.put_lacre()
    boxes = {
        "confined": "",
        "entered": "",
        "unconfined": "--security-opt apparmor=unconfined",
        "privileged": "--privileged",
        "host-cgroup": "--cgroupns=host",
    }
    started = "; ".join(
        f"docker run -d --name audit-{name} {words} {IMAGE} sleep 3600 >/dev/null"
        for name, words in boxes.items()
    )
    asked = " ".join(f"--container audit-{name}" for name in boxes)
    done = ground_d.run(
        f"set -e; {started}; docker exec -d --privileged audit-entered sleep 3600; "
        f"lacre audit {asked} --format json --fail-on never 2>/dev/null"
    )
    assert done.code == 0, done.output[-3000:]
    told = json.loads(done.output)
    failed = {(one["subject"].removeprefix("audit-"), one["check"]) for one in told["findings"]}
    unknown = {(one["subject"].removeprefix("audit-"), one["check"]) for one in told["untested"]}
    assert ("unconfined", "LC502") in failed
    assert ("confined", "LC502") not in failed | unknown
    assert {("privileged", check) for check in ("LC502", "LC505", "LC518", "LC522", "LC540")} <= failed
    # A session with all rights is the fault of the container that it runs in, and of no other.
    assert ("entered", "LC523") in failed
    assert {name for name, check in failed if check == "LC523"} == {"entered"}
    for check in ("LC505", "LC522", "LC523"):
        assert ("confined", check) not in failed | unknown
    assert ("entered", "LC505") not in failed
    assert ("host-cgroup", "LC525") in failed
    assert ("confined", "LC525") not in failed | unknown
    done = ground_d.run(
        f"docker rm -f {' '.join(f'audit-{name}' for name in boxes)} >/dev/null; "
        "lacre audit --format json --fail-on never 2>/dev/null"
    )
    assert done.code == 0, done.output[-3000:]
    told = json.loads(done.output)
    scores = {score["section"]: score for score in told["score"]}
    assert scores["3 daemon files"]["passes"] >= 5
    assert scores["3 daemon files"]["unknown"] == 0
    assert scores["7 swarm"]["passes"] == 0
    assert not told["files"]


HARDENED = (
    "console=ttyS0 root=/dev/vda rw quiet panic=-1 init_on_alloc=1 init_on_free=1 slab_nomerge page_alloc.shuffle=1 "
    "randomize_kstack_offset=1 vsyscall=none lockdown=integrity module.sig_enforce=1 debugfs=off security=selinux"
)
WATCHED = (
    "/usr/bin", "/usr/sbin", "/usr/lib/systemd/system", "/etc/docker", "/etc/containerd", "/etc/default",
    "/var/lib/docker", "/run/containerd/containerd.sock",
)  # fmt: skip


@pytest.fixture
def thrown_away_d(ground_d: Machine) -> Iterator[Machine]:
    """Ground D for a test that cannot clean up behind itself."""
    ground_d.put_lacre()
    yield ground_d
    ground_d.fresh()


def answers_there(machine: Machine, *checks: str, host: str = "") -> dict[tuple[str, str], Verdict]:
    """The verdicts of these checks in the machine, by check and subject; of the host and the engine by check alone."""
    python = "cd /work/lacre && PYTHONPATH=src:.:/opt/lacre-deps python3 -m tests.audited"
    return answers(
        run(machine, f"{f'export DOCKER_HOST={host}; ' if host else ''}{python} {' '.join(checks)}")
    )


def answers(said: str) -> dict[tuple[str, str], Verdict]:
    named = {Scope.CONTAINER.value, Scope.IMAGE.value}
    return {
        (check, name if scope in named else ""): Verdict(verdict)
        for check, scope, name, verdict in json.loads(said)
    }


def test_a_machine_that_is_hardened_to_the_last_passes(thrown_away_d: Machine) -> None:
    """What needs another start of the machine: boot parameters, SELinux, the kernel's audit."""
    machine = thrown_away_d
    run(machine, "lacre host apply --profile container-host", codes=(3,))
    run(
        machine,
        "python3 - << 'E'\nimport json\np = '/etc/docker/daemon.json'\nd = json.load(open(p))\n"
        "d['selinux-enabled'] = True\njson.dump(d, open(p, 'w'))\nE",
    )
    machine.reboot(HARDENED)
    for name, words in (
        ("confined", ""),
        ("disabled", "--security-opt label=disable"),
        ("privileged", "--privileged"),
    ):
        run(machine, f"docker run -d --name audit-{name} {words} {IMAGE} sleep 3600")
    found = answers_there(machine, "LC103", "LC121", "LC503")
    assert found["LC121", ""] is Verdict.PASSES
    assert found["LC103", ""] is Verdict.FAILS
    # SELinux writes down what it would refuse, and refuses nothing.
    assert found["LC503", "audit-confined"] is Verdict.FAILS
    rules = "; ".join(f"auditctl -w {path} -p wa -k docker" for path in WATCHED)
    run(machine, f"auditctl -e 1; {rules}; setenforce 1")
    found = answers_there(machine, "LC103", "LC503")
    assert found["LC103", ""] is Verdict.PASSES
    assert found["LC503", "audit-confined"] is Verdict.PASSES
    for name in ("disabled", "privileged"):
        assert found["LC503", f"audit-{name}"] is Verdict.FAILS, name


OLD = "unix:///srv/docker20/run/old.sock"
START_OLD = f"""
cat > /srv/docker20/etc/docker/daemon.json
systemctl stop old 2> /dev/null
systemd-run --quiet --unit=old chroot /srv/docker20 dockerd -H unix:///run/old.sock \
    --data-root /var/lib/old --exec-root /run/old --pidfile /run/old.pid
until timeout 10 docker -H {OLD} info > /tmp/said 2>&1; do
    sleep 1; systemctl is-active --quiet old || {{ journalctl -u old --no-pager | tail; exit 1; }}
done
"""


def test_an_engine_on_devicemapper_is_audited(thrown_away_d: Machine) -> None:
    """Docker 20.10 of Debian 12 is the last of Debian that has it; only a whole machine has the kernel's part."""
    machine = thrown_away_d
    machine.put(tree("docker20", "bookworm", ("docker.io", "e2fsprogs", "ca-certificates")), "/srv/docker20")
    run(
        machine,
        "modprobe -a dm_thin_pool loop; cd /srv/docker20; mkdir -p etc/docker run; "
        "for one in proc sys dev; do mount --rbind /$one $one; done",
    )
    options = [
        "dm.loopdatasize=1G",
        "dm.loopmetadatasize=100M",
        "dm.fs=ext4",
        "dm.override_udev_sync_check=true",
    ]
    for more, verdict in (([], Verdict.PASSES), (["dm.basesize=11G"], Verdict.FAILS)):
        config = {
            "storage-driver": "devicemapper",
            "storage-opts": [*options, *more],
            "iptables": False,
            "bridge": "none",
        }
        done = machine.run(START_OLD, stdin=json.dumps(config).encode())
        assert done.code == 0, done.output
        assert answers_there(machine, "LC211", host=OLD)["LC211", ""] is verdict
