"""`lacre host` for good, on Debian 13 in QEMU: sealed servers before and after, restarts, and all the way back."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from lacre.host import SETTINGS
from lacre.host.plan import RUN_ON
from tests.grounds import Machine
from tests.sealing import SealedServer, seal
from tests.servers.harness import SERVERS, Server

SEALED = ("nginx", "redis", "memcached")
FLEET = "/srv/fleet"
NEEDY = {  # what each program needs, the setting that takes it away, and how to make it free first
    "io_uring": ("kernel.io_uring_disabled", "0"),
    "perf": ("kernel.perf_event_paranoid", "1"),
    "userfaultfd": ("vm.unprivileged_userfaultfd", "1"),
    "bpf": ("kernel.unprivileged_bpf_disabled", "0"),
    "userns": ("kernel.unprivileged_userns_clone", "1"),
    "ptrace": ("kernel.yama.ptrace_scope", "0"),
}
NEEDY_PY = "/work/lacre/tests/integration/needy.py"
# What must be as before: contents, modes, owners and times of the files that could be touched.
FILES = (
    "find /etc /var/lib/lacre -xdev \\( -type f -o -type l \\) ! -name '*.lock' ! -path '/etc/docker/key.json' "
    "-printf '%p %m %u %g %s %T@ %l\\n' 2> /dev/null | sort; find /etc -type f -exec sha256sum {} + | sort"
)


def run(machine: Machine, command: str, *, codes: Iterable[int] = (0,), seconds: float = 900) -> str:
    done = machine.run(command, timeout=seconds)
    if done.code not in codes:
        said = machine.run("cat /tmp/said 2> /dev/null").output
        pytest.fail(f"{command}: {done.code}\n{done.output[-4000:]}\n{said[-4000:]}")
    return done.output


def host(machine: Machine, words: str, *, codes: Iterable[int] = (0, 1)) -> Any:
    """A `lacre host` command there; its JSON."""
    return json.loads(run(machine, f"lacre host {words} --format json 2> /tmp/said || exit $?", codes=codes))


States = dict[str, dict[str, Any]]


def audit(machine: Machine) -> States:
    """What the audit says of each setting, by its id."""
    return {state["id"]: state for state in host(machine, "audit")["states"]}


def values(states: States, when: str = "now") -> dict[str, str | None]:
    """What the kernel holds for each setting, or will hold, but for interfaces, which come and go."""
    return {
        id: state["keys"][0][when]
        for id, state in states.items()
        if state["kind"] == "sysctl" and state["keys"] and "*" not in state["key"]
    }


def restarted_as_predicted(machine: Machine, states: States) -> States:
    """Restarts the machine; everything then holds what the audit had said, but for what dockerd sets itself."""
    said = {id: later for id, later in values(states, "later").items() if later is not None}
    machine.reboot()
    after = audit(machine)
    wrong = {id: (later, values(after)[id]) for id, later in said.items() if values(after)[id] != later}
    assert set(wrong) <= {"net.ipv4.ip_forward"}, wrong
    return after


def fleet(machine: Machine, what: str) -> None:
    print(
        run(machine, f"cd /work/lacre && PYTHONPATH=. python3 -m tests.integration.workloads {FLEET} {what}")
    )


def bring_fleet(machine: Machine, sealed: Iterable[SealedServer], parent: Path) -> None:
    """The sealed servers, copied into the machine, which has their images."""
    for each in sealed:
        shutil.copytree(each.directory, parent / each.server.name, dirs_exist_ok=True)
        (parent / each.server.name / "exercise").write_text(each.server.exercise)
        # One look of a health check takes longer there than people give it.
        compose = parent / each.server.name / "compose.yaml"
        compose.write_text(re.sub(r"\b(interval|timeout): \d+s", r"\1: 30s", compose.read_text()))
    shutil.copytree(SERVERS / "lib", parent / "lib", dirs_exist_ok=True)
    machine.put(parent, FLEET)


def start_needy(machine: Machine) -> None:
    """Programs that need what the settings take away, at work."""
    for thing, (setting, free) in NEEDY.items():
        run(machine, f"sysctl -qw {setting}={free}")
        started = f"tail -f /dev/null | python3 {NEEDY_PY} {thing} hold > /tmp/needy-{thing} 2>&1"
        run(machine, f"systemd-run --quiet --unit=needy-{thing} sh -c '{started}'")
    for thing in NEEDY:
        wait = f"until [ -s /tmp/needy-{thing} ]; do sleep 0.2; done; cat /tmp/needy-{thing}"
        done = machine.run(f"timeout 60 sh -c '{wait}'")
        assert done.output.strip() == "works", (thing, done.output)


def stop_needy(machine: Machine) -> None:
    run(machine, "systemctl stop " + " ".join(f"needy-{thing}" for thing in NEEDY))


def start_containers(machine: Machine) -> None:
    """Two containers that talk on the default bridge, and one whose program is set-uid."""
    for name in ("talk-a", "talk-b"):
        run(machine, f"docker run -d --name {name} --restart always lacre-test/nginx")
    run(machine, "docker run -dit --name set-uid --restart always --user 1000 debian:bookworm-slim su")
    assert talks(machine)


def talks(machine: Machine, tries: int = 20) -> bool:
    """Whether one container on the default bridge reaches the other, at one of several tries."""
    address = run(machine, "docker inspect -f '{{.NetworkSettings.IPAddress}}' talk-b").strip()
    knock = f"timeout 5 bash -c 'exec 3<>/dev/tcp/{address}/80'"
    script = f"for n in {{1..{tries}}}; do {knock} && exit 0; sleep 0.5; done; exit 1"
    return machine.run(f'docker exec talk-a bash -c "{script}"').code == 0


def privileges_in(machine: Machine) -> str:
    look = "grep NoNewPrivs /proc/self/status"
    return run(machine, f"docker run --rm --user 1000 debian:bookworm-slim {look}").split()[-1]


def tries(machine: Machine) -> dict[str, str]:
    """What each of these programs gets when it starts afresh."""
    return {thing: machine.run(f"python3 {NEEDY_PY} {thing}").output.strip() for thing in NEEDY}


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_host_is_hardened_for_good_and_brought_back(
    ground_d: Machine,
    demo: Server,
    seal_server: Callable[[str], SealedServer],
    tmp_path: Path,
) -> None:
    sealed = [seal(demo, tmp_path / "demo"), *map(seal_server, SEALED)]
    ground_d.put_lacre()
    (tmp_path / "fleet").mkdir()
    bring_fleet(ground_d, sealed, tmp_path / "fleet")
    harden_and_bring_back(ground_d)


def reload_alone(machine: Machine) -> None:
    """What dockerd takes at a reload is in force without a restart, and gone again after one: a reload keeps it."""
    started = run(machine, "systemctl show -p MainPID docker")
    skip = " ".join(f"--skip {setting.id}" for setting in SETTINGS if setting.id != "engine.live-restore")
    host(machine, f"apply --reload-engine {skip}", codes=(0,))
    wait = "until docker info | grep -q 'Live Restore Enabled: true'; do sleep 0.2; done"
    run(machine, f'timeout 60 sh -c "{wait}"')
    host(machine, "rollback", codes=(0,))
    run(machine, "systemctl reload docker")
    assert run(machine, "systemctl show -p MainPID docker") == started
    (icc,) = [change for change in host(machine, "plan")["changes"] if change["id"] == "engine.icc"]
    assert RUN_ON in " ".join(icc["notes"])
    run(machine, "systemctl restart docker")


def harden_and_bring_back(machine: Machine) -> None:
    # The fifteen seconds that dockerd gives its containers at a restart are not enough where all is emulated: those
    # that it leaves behind then cannot be started again ("task already exists").
    run(machine, "mkdir -p /etc/docker && echo '{\"shutdown-timeout\": 80}' > /etc/docker/daemon.json")
    run(machine, "systemctl restart docker")
    reload_alone(machine)
    first = values(audit(machine))  # as the machine starts
    fleet(machine, "up")
    fleet(machine, "first")
    start_needy(machine)
    start_containers(machine)
    before, files = values(audit(machine)), run(machine, FILES)

    everybody_is_named(machine)
    changed = harden(machine)
    over_a_restart(machine, changed)

    # And back: every value and file, now and after another restart.
    back = host(machine, "rollback", codes=(0,))
    assert not back["left"]
    assert run(machine, FILES) == files
    rolled_back = audit(machine)
    after = values(rolled_back)
    one_way = {"kernel.kexec_load_disabled"}  # until the next start
    assert {id for id in before if after[id] != before[id]} <= one_way
    assert values(restarted_as_predicted(machine, rolled_back)) == first
    assert talks(machine)
    assert privileges_in(machine) == "0"


def everybody_is_named(machine: Machine) -> None:
    """Everybody who needs something is named before anything is done."""
    plan = host(machine, "plan")
    held = {change["id"]: change["held"] for change in plan["held"]}
    for thing, (setting, _) in NEEDY.items():
        assert f"{f'needy-{thing}'[:15]} (pid" in held[setting], (thing, held)
    assert "network bridge" in held["net.ipv4.ip_forward"]
    assert "container talk-a" in held["engine.icc"] and "container talk-b" in held["engine.icc"]
    assert "container set-uid) acts as root by a set-uid program" in held["engine.no-new-privileges"]


def harden(machine: Machine) -> list[str]:
    """Applied whole, the named ones too: those break as was said, and nothing else does."""
    named = [*(setting for setting, _ in NEEDY.values()), "engine.icc", "engine.no-new-privileges"]
    accept = " ".join(f"--accept {setting}" for setting in named)
    applied = host(machine, f"apply --profile container-host --restart-engine {accept}", codes=(3,))
    assert {change["id"] for change in applied["plan"]["held"]} <= {
        "net.ipv4.ip_forward",
        "engine.userns-remap",
    }
    stop_needy(machine)
    broken = tries(machine)
    assert set(broken.values()) <= {"EPERM", "EACCES", "ENOSPC"}, broken
    assert not talks(machine, tries=3)
    assert privileges_in(machine) == "1"
    fleet(machine, "up")
    fleet(machine, "second")
    changed = [change["id"] for change in applied["plan"]["changes"]]
    check_in_force(audit(machine), changed, but=("kernel.kexec_load_disabled",))
    return changed


def over_a_restart(machine: Machine, changed: Iterable[str]) -> None:
    """What is in force and lost later, and the reverse, are told; and a restart gives just that."""
    run(machine, "printf '# mine\\nkernel.kptr_restrict = 1\\n' > /etc/sysctl.d/99-mine.conf")
    run(machine, "sysctl -qw kernel.oops_limit=5000")
    states = audit(machine)
    lost, waits = states["kernel.kptr_restrict"], states["kernel.oops_limit"]
    assert (lost["now"], lost["later"]) == ("good", "bad")
    assert (lost["keys"][0]["file"], lost["keys"][0]["line"]) == ("/etc/sysctl.d/99-mine.conf", 2)
    assert (waits["now"], waits["later"]) == ("bad", "good")
    assert waits["keys"][0]["file"] == "/etc/sysctl.d/90-lacre.conf"

    restarted = restarted_as_predicted(machine, states)
    assert values(restarted)["kernel.kptr_restrict"] == "1"
    check_in_force(restarted, set(changed) - {"kernel.kptr_restrict"})
    run(machine, "rm /etc/sysctl.d/99-mine.conf && sysctl -qw kernel.kptr_restrict=2")
    fleet(machine, "up")
    fleet(machine, "second")


def check_in_force(states: States, changed: Iterable[str], but: Iterable[str] = ()) -> None:
    for id in changed:
        state = states[id]
        assert state["later"] == "good", state
        if id not in but:
            assert state["now"] == "good", state
