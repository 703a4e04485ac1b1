"""The audit of Docker 26 with either image store, beside the machine's own engine."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lacre.audit import collect
from lacre.audit.collect import Wanted
from lacre.audit.hiding import Hiding
from lacre.audit.kept import Kept
from lacre.audit.machine import audit_machine
from lacre.audit.model import Answer, Scope, Verdict
from lacre.audit.registry import CHECKS
from lacre.engine import Engine
from tests.grounds import Engine26
from tests.unit.audit.machines import TODAY

IMAGE = "debian:bookworm-slim"
TIGHT = ("--user=1000:1000", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--memory=64m",
         "--cpus=0.5", "--pids-limit=50")  # fmt: skip


@pytest.mark.parametrize("store", ["ground_b", "ground_c"])
def test_an_engine_beside_the_machines_own_is_audited(store: str, request: pytest.FixtureRequest) -> None:
    ground: Engine26 = request.getfixturevalue(store)
    ground.load([IMAGE])
    for name, words in (
        ("plain", (f"-v={ground.docker_host.removeprefix('unix://')}:/x",)),
        ("tight", TIGHT),
    ):
        ground.docker("run", "-d", "--name", f"audit-{name}", *words, IMAGE, "sleep", "600")
    try:
        with Engine({**os.environ, "DOCKER_HOST": ground.docker_host}) as client:
            machine = collect.machine(client, Wanted(), Kept(None), trust="", say=lambda _: None)
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
    assert machine.daemon is not None
    assert machine.daemon.version.startswith("26")
    assert machine.daemon.facts.config.endswith(".json")
    assert machine.daemon.facts.text is not None
    assert machine.daemon.facts.pid != int(Path("/run/docker.pid").read_text())
    assert not machine.missing
