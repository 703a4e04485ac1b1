"""Fixtures that start nothing by being there; what they make they also remove."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.harness import Server, server

ROOT = Path(__file__).resolve().parent.parent

sys.dont_write_bytecode = (
    False  # pytest keeps the modules that it rewrote: a sixth of a run of the unit tests
)


def pytest_configure() -> None:
    # nohup and shells without job control start programs with signals ignored, which Python inherits
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(scope="session")
def engine() -> str:
    """The version of the machine's own engine (ground A); a test that needs one fails without it."""
    shown = subprocess.run(
        ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, text=True, check=False
    )
    if shown.returncode != 0:
        pytest.fail(f"no engine answers, run scripts/setup.sh: {shown.stderr.strip()}", pytrace=False)
    return shown.stdout.strip()


@pytest.fixture(scope="session")
def build_images(engine: str) -> Callable[..., None]:
    """Build the images of the named servers (or `demo`), unless they are there unchanged."""

    def build(*names: str) -> None:
        script = [sys.executable, str(ROOT / "scripts" / "images.py"), *names]
        done = subprocess.run(script, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.fail(done.stderr, pytrace=False)

    return build


@pytest.fixture(scope="session")
def test_server(build_images: Callable[..., None]) -> Callable[[str], Server]:
    """A server of tests/servers by name, with its images built."""

    def find(name: str) -> Server:
        build_images(name)
        return server(name)

    return find


@pytest.fixture(scope="session")
def demo(build_images: Callable[..., None]) -> Server:
    """The demo as a server; its exercise is `sh smoke.sh`."""
    build_images("demo")
    return Server("demo", ROOT / "demo", exercise="sh smoke.sh")


def _kept(kind: str) -> set[str]:
    """The containers (stopped ones too), networks or volumes of the engine."""
    command = {
        "container": ["docker", "ps", "-aq", "--no-trunc"],
        "network": ["docker", "network", "ls", "-q", "--no-trunc"],
        "volume": ["docker", "volume", "ls", "-q"],
    }
    shown = subprocess.run(command[kind], capture_output=True, text=True, check=True)
    return set(shown.stdout.split())


@pytest.fixture
def nothing_left_behind(engine: str) -> Iterator[None]:
    """Fails a test that leaves containers, networks or volumes in the engine."""
    kinds = ("container", "network", "volume")
    before = {kind: _kept(kind) for kind in kinds}
    yield
    left = {kind: more for kind in kinds if (more := _kept(kind) - before[kind])}
    assert not left, f"left behind: {left}"
