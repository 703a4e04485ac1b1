"""The checks of containers that are left: a careless one fails them, a careful one passes them, both really run."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from lacre.audit import collect
from lacre.audit.collect import Wanted
from lacre.audit.kept import Kept
from lacre.audit.model import Verdict
from lacre.audit.registry import CHECKS
from lacre.audit.run import of_container
from lacre.engine.reader import reader
from tests.integration.engine_fixtures import docker

IMAGE = "debian:bookworm-slim"
NAME = f"lacre-audit-{secrets.token_hex(4)}-"
CARELESS = ("-p=127.0.0.1:977:80", "-e=POSTGRES_HOST_AUTH_METHOD=trust")
CAREFUL = (
    "--user=1000:1000", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--tmpfs=/tmp:size=16m",
    "--memory=64m", "--cpus=0.5", "--pids-limit=50", "--ulimit=nofile=1024:1024", "--restart=on-failure:3",
    "--log-opt=max-size=1m", "--health-cmd=true", "--health-interval=1s", "-p=127.0.0.1::8080",
)  # fmt: skip
SERVE = (
    "perl",
    "-MIO::Socket::INET",
    "-e",
    "$s=IO::Socket::INET->new(LocalPort=>8080,Listen=>5) or die; sleep 3600",
)
FAIL = {"careless": {"LC508", "LC551"}, "crashing": {"LC564"}, "made": {"LC519", "LC520"}}
PASS = {
    "LC401", "LC504", "LC505", "LC506", "LC507", "LC508", "LC509", "LC510", "LC511", "LC512", "LC513", "LC514", "LC515",
    "LC516", "LC517", "LC518", "LC519", "LC520", "LC521", "LC522", "LC523", "LC524", "LC525", "LC526", "LC527", "LC528",
    "LC529", "LC530", "LC532", "LC540", "LC543", "LC545", "LC547", "LC548", "LC549", "LC550", "LC551", "LC553", "LC557",
    "LC563", "LC564", "LC568", "LC569",
}  # fmt: skip
"""Left: LC421, LC541 (no image here is of a registry), LC502 (ground D), LC503 (SELinux), LC531 (no remapping)."""


@pytest.fixture(scope="module")
def verdicts(engine: str) -> Iterator[dict[str, dict[str, Verdict]]]:
    docker("network", "create", f"{NAME}network")
    made: list[str] = []

    def make(how: str, name: str, *words: str) -> None:
        made.append(docker(how, *(["-d"] if how == "run" else []), f"--name={NAME}{name}", *words).strip())

    try:
        make("run", "careless", *CARELESS, IMAGE, "sleep", "600")
        make("run", "careful", f"--network={NAME}network", *CAREFUL, IMAGE, *SERVE)
        make("run", "crashing", "--restart=always", IMAGE, "false")
        # Not started: here the engine may lift no limit, and the root is no shared mount.
        make("create", "made", "--ulimit=nproc=-1", "-v=/:/x:rshared", IMAGE, "true")
        _until(f"{NAME}careful", lambda shown: shown["State"]["Health"]["Status"] == "healthy")
        _until(f"{NAME}crashing", lambda shown: shown["RestartCount"] > 5)
        with reader() as client:
            machine = collect.machine(
                client, Wanted(containers=tuple(made)), Kept(None), trust="", say=lambda _: None
            )
        assert not machine.missing
        yield {
            box.name.removeprefix(NAME): {a.check: a.verdict for a in of_container(box, CHECKS)}
            for box in machine.containers
        }
    finally:
        for one in made:
            docker("rm", "-fv", one)
        docker("network", "rm", f"{NAME}network")


def _until(name: str, condition: Callable[[Any], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition(json.loads(docker("inspect", name))[0]):
        assert time.monotonic() < deadline, f"{name} did not get there"
        time.sleep(0.2)


def test_careless_containers_fail_what_they_leave_open(verdicts: dict[str, dict[str, Verdict]]) -> None:
    for name, checks in FAIL.items():
        assert {check: verdicts[name][check] for check in checks} == dict.fromkeys(checks, Verdict.FAILS), (
            name
        )


def test_a_careful_container_passes_all_that_this_machine_can_tell(
    verdicts: dict[str, dict[str, Verdict]],
) -> None:
    careful = verdicts["careful"]
    assert {check: careful[check] for check in PASS if careful[check] is not Verdict.PASSES} == {}
