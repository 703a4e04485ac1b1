"""What a twin reaches outside, with real packets: to the host's own addresses and to a network namespace beside it."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest

from lacre.engine import Engine, Project, Twin, clean, egress_to, firewall, leftovers
from tests.integration.engine_fixtures import compose, docker_engine, project, twin_of

__all__ = ["compose", "docker_engine", "project", "twin_of"]

Projects = Callable[..., Project]
Twins = Callable[..., Twin]

HERE, NEXT, OTHER = (
    "10.213.77.1",
    "10.213.77.2",
    "10.213.77.3",
)  # the host's end of a link, and what is behind it
PORT, SECOND = 8000, 8001
LISTEN = f"""
import select, socket
listeners = [socket.create_server(("0.0.0.0", port)) for port in ({PORT}, {SECOND})]
print("listening", flush=True)
while True:
    for ready in select.select(listeners, [], [])[0]:
        ready.accept()[0].close()
"""
TWO = """
    services:
      one: {image: IMAGE, command: sleep 600, stop_grace_period: 0s, networks: [front, back]}
      two: {image: IMAGE, command: [sh, -c, SERVE], stop_grace_period: 0s, networks: [front]}
    networks: {front: {}, back: {internal: true}}
    """


def sh(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=30).stdout


@pytest.fixture
def beside(engine: str) -> Iterator[None]:
    """A host beside this one: a network namespace with two addresses, behind a link of its own. Both answer."""
    name = f"lacre{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace can be made here")
    try:
        sh("ip", "link", "add", name[:15], "type", "veth", "peer", "name", "eth0", "netns", name)
        sh("ip", "address", "add", f"{HERE}/24", "dev", name[:15])
        sh("ip", "link", "set", name[:15], "up")
        for address in (NEXT, OTHER):
            sh("ip", "-n", name, "address", "add", f"{address}/24", "dev", "eth0")
        sh("ip", "-n", name, "link", "set", "eth0", "up")
        sh("ip", "-n", name, "route", "add", "default", "via", HERE)
        with answering("ip", "netns", "exec", name), answering():
            yield
    finally:
        subprocess.run(["ip", "link", "del", name[:15]], capture_output=True, check=False)
        sh("ip", "netns", "del", name)


@contextlib.contextmanager
def answering(*within: str) -> Iterator[None]:
    """Both ports are listened on, on all addresses of this host or of the namespace that `within` enters."""
    with subprocess.Popen([*within, sys.executable, "-c", LISTEN], stdout=subprocess.PIPE) as listener:
        assert listener.stdout is not None
        try:
            assert listener.stdout.readline() == b"listening\n"
            yield
        finally:
            listener.kill()


def reaches(twin: Twin, address: str, port: int = PORT) -> bool:
    said = subprocess.run(
        ["docker", "exec", twin.of("one").id, "timeout", "5", "bash", "-c", f"</dev/tcp/{address}/{port}"],
        capture_output=True,
        check=False,
        timeout=30,
    )
    return said.returncode == 0


def rules_of_users() -> list[str]:
    """What lacre could have changed: other tests may make networks meanwhile, and the engine rules for them."""
    return [
        line.partition("[")[0]
        for line in sh("iptables-save", "-t", "filter").splitlines()
        if line.startswith(("-A INPUT ", "-A DOCKER-USER ", "-P INPUT")) or "LACRE" in line or "lacre" in line
    ]


@pytest.mark.usefixtures("beside")
def test_a_twin_reaches_what_is_let_through_and_nothing_else(project: Projects, twin_of: Twins) -> None:
    before = rules_of_users()
    named = egress_to(f"peer.test:{PORT}", lambda _: [ip_address(NEXT)])
    with twin_of(project(TWO), allow_egress=(named, egress_to(f"{HERE}:{SECOND}"))) as twin:
        twin.create()
        assert twin.start().ok
        for _ in range(2):
            assert reaches(twin, NEXT)
            assert reaches(twin, "peer.test")
            assert not reaches(twin, NEXT, SECOND)
            assert not reaches(twin, OTHER)
            assert reaches(twin, HERE, SECOND)
            assert not reaches(twin, HERE)
            assert not reaches(twin, "172.17.0.1")  # the host by the address of another bridge
            assert reaches(twin, "two")
            with socket.create_connection((twin.address("two"), PORT), timeout=5):
                pass  # the exercise comes from the host
            twin.stop()
            twin.recreate()
            assert twin.start().ok
    assert rules_of_users() == before


@pytest.mark.usefixtures("beside")
def test_without_egress_nothing_outside_is_reached(project: Projects, twin_of: Twins) -> None:
    before = rules_of_users()
    with twin_of(project(TWO)) as twin:
        twin.create()
        assert twin.start().ok
        assert not reaches(twin, NEXT)
        assert "LACRE" not in sh("iptables-save")
    assert rules_of_users() == before


def test_the_rules_of_a_killed_run_are_cleaned(
    project: Projects, twin_of: Twins, docker_engine: Engine
) -> None:
    before = rules_of_users()
    with twin_of(project(TWO), allow_egress=(egress_to("192.0.2.1"),)) as twin:
        twin.create()
        (alive,) = [
            item for item in leftovers(docker_engine) if item.twin == twin.id and item.kind == "firewall"
        ]
        assert alive.alive
        (network,) = docker_engine.api.networks(filters={"name": f"{twin.name}_front"})
        bridge = firewall.bridge_of(network)
        assert bridge is not None
        owner = sh("sh", "-c", "echo $$").strip()  # a process that is gone
        dead = re.sub(r"/\d+/\d+$", f"/{owner}/1", twin.labels["lacre.owner"])
        firewall.take_down(twin.id)
        firewall.put_up(firewall.Standing(twin.id, dead), [bridge], [egress_to("192.0.2.1")])
        cleaned = clean(docker_engine)
        assert [(item.kind, item.twin) for item in cleaned.removed if item.twin == twin.id] == [
            ("firewall", twin.id)
        ]
        assert {item.kind for item in cleaned.kept if item.twin == twin.id} == {"container", "network"}
    assert rules_of_users() == before
