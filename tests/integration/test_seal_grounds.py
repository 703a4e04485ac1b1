"""Sealing on other engines: Docker 26 with either image store, Docker 29, Debian 13 with cgroup v2 and AppArmor."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grounds import Engine26, Machine
from tests.integration.conftest import BUILT
from tests.sealing import TABLE, SealedServer, deployed, leftovers, not_in_force, seal
from tests.servers.harness import Server

GROUNDS = ("ground_b", "ground_c", pytest.param("ground_e", marks=BUILT))
IMAGES = {
    "nginx": ("lacre-test/nginx", "lacre-test/nginx-upstream"),
    "postgres": ("lacre-test/postgres",),
    "demo": ("lacre-demo/web", "lacre-demo/app", "lacre-demo/db"),
}

# What a seal says of the application is the same on every engine; what the runtime needs may differ.
SAME = ("user", "capabilities", "privileges")


def sealed_on(name: str, server: Server, ground: Engine26, parent: Path) -> SealedServer:
    ground.load(IMAGES[name])
    sealed = seal(server, parent, docker_host=ground.docker_host, codes=(0,))
    TABLE.add(sealed, f"{name} on {ground.name}")
    assert sealed.seal.ground.engine.startswith(ground.version)
    assert not leftovers(ground.docker_host)
    return sealed


def works_under_its_seal(sealed: SealedServer, tmp_path: Path, docker_host: str | None = None) -> None:
    with deployed(sealed, f"sealed-{sealed.server.name}", tmp_path, docker_host) as up:
        up.exercise(sealed.server.exercise, "first")
        for container in up.containers():
            service = container["Config"]["Labels"]["com.docker.compose.service"]
            assert not not_in_force(container, sealed.seal.services[service]), service


@pytest.mark.parametrize("which", GROUNDS)
def test_nginx_is_sealed_on_other_engines(
    which: str,
    test_server: Callable[[str], Server],
    seal_server: Callable[[str], SealedServer],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    ground: Engine26 = request.getfixturevalue(which)
    sealed = sealed_on("nginx", test_server("nginx"), ground, tmp_path)
    works_under_its_seal(sealed, tmp_path, ground.docker_host)
    here = seal_server("nginx").main
    for control in SAME:
        assert _rules(getattr(sealed.main, control)) == _rules(getattr(here, control)), control
    assert {t.path for t in sealed.main.filesystem.tmpfs} == {t.path for t in here.filesystem.tmpfs}


def _rules(setting: object) -> dict[str, object]:
    dumped: dict[str, object] = setting.model_dump(exclude={"grants", "left"})  # type: ignore[attr-defined]
    return dumped


@pytest.mark.long
@pytest.mark.parametrize("name", ["demo", "postgres"])
@pytest.mark.parametrize("which", GROUNDS)
def test_the_demo_and_postgres_are_sealed_on_other_engines(
    name: str,
    which: str,
    demo: Server,
    test_server: Callable[[str], Server],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    ground: Engine26 = request.getfixturevalue(which)
    server = demo if name == "demo" else test_server(name)
    works_under_its_seal(sealed_on(name, server, ground, tmp_path), tmp_path, ground.docker_host)


SEAL_THERE = (
    "cd /work/lacre/tests/servers/nginx && lacre seal -f compose.yaml --exercise 'sh exercise.sh' "
    "--ready-timeout 600 --exercise-timeout 1200 --no-attack --output sealed --format json 2> /tmp/progress; code=$?; "
    "[ $code = 0 ] || cat /tmp/progress; exit $code"
)
# The sealed container, looked at from the machine's own /proc.
LOOK_THERE = """
cd /work/lacre/tests/servers/nginx
docker compose -p sealed -f compose.yaml -f sealed/compose.sealed.yaml up -d --no-build > /dev/null 2>&1 || exit 1
id=$(docker ps -q --filter label=com.docker.compose.project=sealed --filter label=com.docker.compose.service=nginx)
for _ in $(seq 100); do
    curl -fsS -m 5 -o /dev/null http://127.0.0.1:8180/proxy/hello 2> /dev/null && break
    sleep 0.2
done
curl -fsS -m 10 http://127.0.0.1:8180/ | grep -o 'It works'
pid=$(docker inspect -f '{{.State.Pid}}' "$id")
grep -E '^(Uid|CapEff|NoNewPrivs|Seccomp):' /proc/$pid/status
cat /proc/$pid/attr/current
cat "/sys/fs/cgroup$(cut -d: -f3 /proc/$pid/cgroup)/memory.max"
touch /proc/$pid/root/etc/x 2>&1
docker compose -p sealed down -v > /dev/null 2>&1
lacre clean > /dev/null 2>&1; docker ps -aq --filter label=lacre.twin
"""


def test_nginx_is_sealed_on_debian_13_with_cgroup_2_and_apparmor(ground_d: Machine) -> None:
    ground_d.put_lacre()
    done = ground_d.run(SEAL_THERE)
    assert done.code == 0, done.output[-4000:]
    result = json.loads(done.output)
    assert result["whole"]
    assert result["seal"]["ground"]["cgroup"] == 2
    assert result["seal"]["ground"]["apparmor"] is True
    nginx = result["seal"]["services"]["nginx"]
    assert nginx["user"]["user"] == "33:33"
    assert nginx["capabilities"]["add"] == []
    assert nginx["filesystem"]["read_only"]
    looked = ground_d.run(LOOK_THERE)
    assert looked.code == 0, looked.output
    said = looked.output.split()
    assert "It works" in looked.output
    assert "CapEff:\t0000000000000000" in looked.output
    assert "NoNewPrivs:\t1" in looked.output
    assert "Seccomp:\t2" in looked.output
    assert "docker-default" in looked.output
    assert str(nginx["limits"]["memory"]) in said
    assert "Read-only file system" in looked.output


def test_a_privileged_service_is_sealed_as_far_as_it_goes(ground_d: Machine) -> None:
    """Only here may an engine give everything; the working machine's bounding set is too small for it."""
    ground_d.put_lacre()
    compose = "services: {app: {image: lacre-test/nginx, privileged: true}}"
    done = ground_d.run(
        f"mkdir -p /tmp/privileged && cd /tmp/privileged && echo '{compose}' > compose.yaml && lacre seal "
        "--ready-timeout 600 --exercise 'curl -fsS -m 20 http://$LACRE_APP_80/' --no-attack --output sealed 2>&1; "
        "echo code $?; cat sealed/*.yaml"
    )
    assert "code 0" in done.output or "code 3" in done.output, done.output[-4000:]
    assert "privileged" in done.output
    assert "cap_drop:" in done.output and "read_only: true" in done.output
