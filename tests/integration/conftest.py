"""Everything below this directory needs root and a real engine; the grounds are started when a test asks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.attacking import ATTACKED
from tests.auditing import SHOWN
from tests.grounds import Engine26, Engine29, Machine
from tests.sealing import ROOT, TABLE, SealedServer, seal
from tests.servers.harness import Server

HERE = Path(__file__).resolve().parent


BUILT_SECONDS = 3600
BUILT = (pytest.mark.long, pytest.mark.timeout(BUILT_SECONDS))
"""For a test on ground E, which may first have to be built."""
EMULATED_SECONDS = 3600  # for a test on ground D, where each container that starts takes its time


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.docker)
            if "ground_d" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.long)
                item.add_marker(pytest.mark.timeout(EMULATED_SECONDS))


@pytest.fixture(scope="session", autouse=True)
def _root() -> None:
    if os.geteuid() != 0:
        pytest.fail("the integration tests need root (the sensor loads BPF programs)", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def _shown() -> Iterator[None]:
    with SHOWN.recording():
        yield


@pytest.fixture(scope="module")
def ground_b(engine: str) -> Iterator[Engine26]:
    """Docker 26 with overlay2; `docker_host` is what DOCKER_HOST must be."""
    with Engine26("overlay2") as ground:
        yield ground


@pytest.fixture(scope="module")
def ground_c(engine: str) -> Iterator[Engine26]:
    """Docker 26 with the containerd image store."""
    with Engine26("containerd") as ground:
        yield ground


@pytest.fixture(scope="module")
def ground_e(engine: str) -> Iterator[Engine29]:
    """Docker 29, which takes ten minutes to build once: mark what uses it as BUILT says."""
    with Engine29() as ground:
        yield ground


@pytest.fixture(scope="session")
def ground_d(build_images: Callable[..., None]) -> Iterator[Machine]:
    """Debian 13 in QEMU: cgroup v2, AppArmor, kernel 6.12. Tests that use it are `long`."""
    build_images("nginx", "redis", "memcached", "demo")
    with Machine() as machine:
        yield machine


@pytest.fixture(scope="session")
def seal_server(
    test_server: Callable[[str], Server], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], SealedServer]:
    """Servers of tests/servers, sealed by the command: each once in a session, whoever asks."""
    done: dict[str, SealedServer | BaseException] = {}

    def get(name: str) -> SealedServer:
        if name not in done:
            try:
                done[name] = sealed = seal(test_server(name), tmp_path_factory.mktemp(f"sealed-{name}"))
                TABLE.add(sealed)
            except BaseException as error:
                done[name] = error
                raise
        found = done[name]
        if isinstance(found, BaseException):
            pytest.fail(f"{name} could not be sealed, see above: {str(found)[-500:]}", pytrace=False)
        return found

    return get


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for name, table in (("sealed-servers", TABLE), ("attacked-servers", ATTACKED)):
        if not table.rows:
            continue
        terminalreporter.section(name.replace("-", " "))
        terminalreporter.write_line(table.text())
        kept = ROOT / "build" / f"{name}.txt"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(table.text() + "\n")
        terminalreporter.write_line(f"kept in {kept.relative_to(ROOT)}")
