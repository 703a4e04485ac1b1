"""The attacks on other engines: Docker 26 with either image store, Docker 29, Debian 13 with cgroup v2 and AppArmor."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lacre.attacks import ATTACKS
from tests.attacking import ABSENT_WITH_EVERYTHING, STOPPED_AT_LEAST, check_stopped, verdicts
from tests.grounds import Engine26, Machine
from tests.sealing import leftovers, seal
from tests.servers.harness import Server

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]

SECONDS = 1800  # for one command in the machine, where everything is ten times slower
IMAGES = ("lacre-test/nginx", "lacre-test/nginx-upstream")


@pytest.mark.parametrize("which", ["ground_b", "ground_c", "ground_e"])
def test_the_seal_of_nginx_stops_what_can_be_stopped_on_other_engines(
    which: str, test_server: Callable[[str], Server], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    ground: Engine26 = request.getfixturevalue(which)
    ground.load(IMAGES)
    check_stopped(seal(test_server("nginx"), tmp_path, docker_host=ground.docker_host, attack=True))
    assert not leftovers(ground.docker_host)


def run_there(machine: Machine, directory: str, command: str) -> dict[str, Any]:
    """What a command of lacre prints as JSON in the machine; what it says of its progress goes to a file."""
    done = machine.run(
        f"cd {directory} && {command} --format json 2> /tmp/progress; code=$?; "
        "[ $code = 0 ] || cat /tmp/progress; exit $code",
        timeout=SECONDS,
    )
    assert done.code == 0, done.output[-4000:]
    result: dict[str, Any] = json.loads(done.output)
    return result


def test_the_seal_of_nginx_stops_what_can_be_stopped_on_debian_13(ground_d: Machine) -> None:
    ground_d.put_lacre()
    result = run_there(
        ground_d,
        "/work/lacre/tests/servers/nginx",
        "lacre seal -f compose.yaml --service nginx --exercise 'sh exercise.sh' --output sealed",
    )
    for service in result["sides"]["after"]["services"]:
        found = verdicts(result, "after", service)
        counted = result["sides"]["after"]["services"][service]["tally"]
        shown = "\n".join(
            f"{id}: {v['result']} {v['errno']} {v['by']} {v['reason']}" for id, v in found.items()
        )
        assert counted["errors"] == 0, shown
        assert counted["stopped"] >= STOPPED_AT_LEAST * (counted["stopped"] + counted["worked"]), shown


def of_service(machine: Machine, name: str, service: str, *only: str) -> dict[str, dict[str, Any]]:
    """The verdicts on one service without a seal, in the machine."""
    compose = f"services: {{app: {{image: 'debian:bookworm-slim', command: ['sleep', '1000'], {service}}}}}"
    machine.run(f"mkdir -p /tmp/{name} && cat > /tmp/{name}/compose.yaml", stdin=compose.encode())
    words = " ".join(f"--only {id}" for id in only)
    return verdicts(run_there(machine, f"/tmp/{name}", f"lacre attack {words}"), "now", "app")


def test_apparmor_is_named_where_it_is_the_one_that_stops(ground_d: Machine) -> None:
    """Docker's filter lets SYS_ADMIN mount; only `docker-default` does not."""
    ground_d.put_lacre()
    mount = of_service(ground_d, "may-mount", "cap_add: [SYS_ADMIN]", "mount")["mount"]
    assert mount["result"] == "stopped"
    assert mount["errno"] == "EACCES"
    assert mount["by"] == ["apparmor"]


@pytest.fixture
def few_tasks(ground_d: Machine) -> Iterator[None]:
    """systemd lets each unit have 400 tasks: thousands, as by itself, take longer here than an attack may."""
    conf = "/run/systemd/system.conf.d/tasks.conf"
    few = f"mkdir -p {conf.rpartition('/')[0]} && printf '[Manager]\\nDefaultTasksMax=400\\n' > {conf}"
    assert ground_d.run(f"{few} && systemctl daemon-reload").code == 0
    yield
    assert ground_d.run(f"rm {conf} && systemctl daemon-reload").code == 0


@pytest.mark.usefixtures("few_tasks")
def test_every_attack_works_on_what_is_really_privileged(ground_d: Machine) -> None:
    """Only here may an engine give everything; the working machine's bounding set is too small for it."""
    ground_d.put_lacre()
    found = of_service(
        ground_d, "privileged", "privileged: true, tmpfs: [/unbounded], volumes: ['/data'], stop_signal: KILL"
    )
    # alone in its project, and nothing of the engine is mounted
    absent = ABSENT_WITH_EVERYTHING | {"neighbours", "engine-socket"}
    # systemd bounds the tasks of each unit, also of a container's (DefaultTasksMax, systemd-system.conf(5))
    by_systemd = {"fork-bomb", "threads"}
    assert {id: (found[id]["errno"], found[id]["by"]) for id in by_systemd} == {
        id: ("EAGAIN", ["limits"]) for id in by_systemd
    }
    not_working = {
        attack.id: f"{found[attack.id]['result']} {found[attack.id]['errno']} {found[attack.id]['reason']}"
        for attack in ATTACKS
        if attack.id not in absent | by_systemd and found[attack.id]["result"] != "worked"
    }
    assert not not_working
