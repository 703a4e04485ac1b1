"""Trials side by side: the same seal, sooner or not, and nothing left when all of them are interrupted."""

from __future__ import annotations

import signal
import textwrap
from pathlib import Path

import pytest

from lacre.seal import file
from lacre.seal.model import Seal
from tests.sealing import Running, leftovers

SEAL = ("seal", "--no-attack", "--output", "sealed")
# Without SYSLOG and DAC_OVERRIDE it ends, and no system call of it ever fails for want of them: whatever it asked for
# is granted, and what it really needs is searched.
LOOKS_AT_ITSELF = """\
    services:
      app:
        image: debian:bookworm-slim
        cap_add: [SYSLOG]
        expose: ["8000"]
        stop_grace_period: 0s
        command:
          - sh
          - -c
          - |
            [ -x /var/cache/apt/archives/partial/x ] || true
            cat /proc/kallsyms > /dev/null
            has=$$(( 0x$$(sed -n 's/CapEff:.//p' /proc/self/status) ))
            [ $$(( has >> 34 & has >> 1 & 1 )) = 1 ] || exit 1
            exec perl -MIO::Socket::INET -e 'my $$s = IO::Socket::INET->new(LocalPort => 8000, Listen => 50);
              while (1) { my $$c = $$s->accept() or next; print $$c "hello\\n" }'
    """


pytestmark = pytest.mark.long


@pytest.fixture
def directory(engine: str, tmp_path: Path) -> Path:
    return project(tmp_path)


@pytest.fixture(scope="module")
def alone(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Seal:
    """The seal that one twin after the other has proved."""
    return sealed(project(tmp_path_factory.mktemp("alone")), "1")[0]


def project(directory: Path) -> Path:
    (directory / "compose.yaml").write_text(textwrap.dedent(LOOKS_AT_ITSELF))
    return directory


def sealed(directory: Path, jobs: str) -> tuple[Seal, list[str]]:
    with Running(*SEAL, "--jobs", jobs, directory=directory) as run:
        assert run.end(300) == 0, str(run)
    path = directory / "sealed" / "lacre.yaml"
    return file.load(path.read_text(), str(path)), run.lines


def test_the_seal_is_the_same_however_many_twins_run_at_the_same_time(alone: Seal, directory: Path) -> None:
    together, lines = sealed(directory, "3")
    assert alone.services["app"].capabilities.add == {"SYSLOG", "DAC_OVERRIDE"}
    assert together.trials == alone.trials >= 5
    for control in ("user", "capabilities", "filesystem", "syscalls", "privileges"):
        assert getattr(together.services["app"], control) == getattr(alone.services["app"], control)
    last = alone.trials
    begun = [
        next(place for place, line in enumerate(lines) if f"trial {number}: start" in line)
        for number in (last - 1, last)
    ]
    assert not any("✗" in line for line in lines[begun[0] : begun[1]])  # neither waited for the other's end
    assert not leftovers()


def test_an_interrupt_ends_all_twins(alone: Seal, directory: Path) -> None:
    with Running(*SEAL, "--jobs", "3", directory=directory) as run:
        run.wait_for(f"trial {alone.trials}: start")
        run.send(signal.SIGINT)
        assert run.end() == 130, str(run)
        assert "Traceback" not in str(run) and "defect" not in str(run)
    assert not leftovers()
