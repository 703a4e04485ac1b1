"""The grounds themselves: they come up, the host reaches what runs in them, and they leave nothing behind."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grounds import Engine26, GroundError, Machine
from tests.grounds.engine26 import Store
from tests.servers.harness import Deployment, Server

STORES: list[Store] = ["overlay2", "containerd"]


def links() -> set[str]:
    shown = subprocess.run(["ip", "-brief", "link"], capture_output=True, text=True, check=True)
    return {line.split()[0].split("@")[0] for line in shown.stdout.splitlines()}


@pytest.mark.parametrize("store", STORES)
def test_an_engine_beside_the_first_one_serves_on_internal_networks_and_leaves_nothing(
    store: Store, build_images: Callable[..., None]
) -> None:
    build_images("nginx")
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    chains = {line.split()[0] for line in rules.splitlines() if line.startswith(":")}
    before = links()
    with Engine26(store) as engine:
        engine.load(["lacre-test/nginx"])
        engine.docker("network", "create", "--internal", "inside")
        engine.docker("run", "-d", "--name", "web", "--network", "inside", "lacre-test/nginx")
        address = engine.docker(
            "inspect", "-f", "{{.NetworkSettings.Networks.inside.IPAddress}}", "web"
        ).strip()
        answer = subprocess.run(
            ["curl", "-sS", "--retry", "5", "--retry-connrefused", "-m", "10", f"http://{address}/"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "It works" in answer.stdout, answer.stderr
        pid = engine.docker("inspect", "-f", "{{.State.Pid}}", "web").strip()
        with pytest.raises(GroundError, match="in use"):
            Engine26(store, wait_seconds=0).__enter__()
    assert not Path(f"/proc/{pid}").exists()
    assert not engine.run.exists()
    assert not {link for link in links() - before if link.startswith("lacre-")}
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    assert chains <= {line.split()[0] for line in rules.splitlines() if line.startswith(":")}


def test_a_whole_debian_13_answers_from_its_snapshot(ground_d: Machine) -> None:
    done = ground_d.run("stat -fc %T /sys/fs/cgroup; docker info --format '{{.SecurityOptions}}'; uname -r")
    assert done.code == 0, done.output
    assert "cgroup2fs" in done.output
    assert "apparmor" in done.output
    assert "6.12." in done.output


@pytest.mark.long
@pytest.mark.parametrize(
    "name",
    [
        "nginx", "redis", "postgres", "memcached", "haproxy", "apache2", "mosquitto", "mariadb", "node",
        "gunicorn", "writes-own-code", "needs-mount", "migrate", "unpacks-itself",
    ],
)  # fmt: skip
def test_a_server_works_unsealed_with_its_exercise_and_workloads(
    name: str, test_server: Callable[[str], Server]
) -> None:
    server = test_server(name)
    with Deployment(server.directory, f"unsealed-{name}") as up:
        up.exercise(server.exercise, "first")
        for workload in server.workloads:
            up.exercise(workload, "first")
        up.compose("stop")
        up.up()
        up.exercise(server.exercise, "second")
