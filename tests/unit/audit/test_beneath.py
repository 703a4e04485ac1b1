"""Which engine answers, and what the kernel's audit says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lacre.audit import beneath
from lacre.audit.facts.host import Watched
from lacre.engine import process
from lacre.engine.process import Finished
from lacre.host import facts as of_host
from lacre.host.files import Root
from lacre.host.processes import Process
from tests.unit.audit.machines import asked


def dockerd(pid: int, *words: str, uid: int = 0, container: str = "") -> Process:
    return Process(
        pid=pid,
        parent=1,
        name="dockerd",
        uid=uid,
        effective=uid,
        capabilities=0,
        container=container,
        command=("dockerd", *words),
        program="/usr/bin/dockerd",
    )


def told(*running: Process) -> of_host.Facts:
    facts = of_host.read(Root(Path("/nonexistent")), (), None)
    return replace(facts, processes=running, engine=replace(facts.engine, there=True, running=True, pid=7))


def test_of_two_engines_the_one_that_was_told_to_listen_there_is_judged() -> None:
    facts = told(dockerd(7), dockerd(8, "-H", "unix:///run/b/docker.sock", "--icc=false"))
    found = beneath._facts_of(facts, "/run/b/docker.sock", asked(), rootless=False)
    assert (found.pid, found.flags["icc"]) == (8, "false")
    assert beneath._facts_of(facts, "/run/docker.sock", asked(), rootless=False).pid == 7


def test_a_users_process_of_that_name_is_never_judged_as_the_engine() -> None:
    liar = dockerd(8, "-H", "unix:///run/docker.sock", "--config-file", "/etc/shadow", uid=65534)
    assert beneath._facts_of(told(liar), "/run/docker.sock", asked(), rootless=False).pid == 7
    lent = replace(dockerd(8, "-H", "unix:///run/docker.sock"), set_user_id=True)
    assert beneath._facts_of(told(lent), "/run/docker.sock", asked(), rootless=False).pid == 7


def test_an_engine_in_a_container_is_not_the_hosts() -> None:
    facts = told(dockerd(8, "-H", "unix:///run/docker.sock", container="0" * 64))
    assert beneath._facts_of(facts, "/run/docker.sock", asked(), rootless=False).pid == 7


def test_a_rootless_engine_has_its_users_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    socket = tmp_path / "docker.sock"
    socket.write_text("")
    uid = socket.stat().st_uid
    (tmp_path / ".config/docker").mkdir(parents=True)
    (tmp_path / ".config/docker/daemon.json").write_text('{"icc": false')
    monkeypatch.setattr(beneath, "_home", lambda _: str(tmp_path))
    monkeypatch.setattr(beneath, "root_of", lambda root, _: root)
    facts = told(dockerd(7, uid=uid + 1), dockerd(9, uid=uid))
    found = beneath._facts_of(facts, str(socket), asked(), rootless=True)
    assert found.pid == 9
    assert found.config == f"{tmp_path}/.config/docker/daemon.json"
    assert found.broken


def test_of_a_users_engines_too_the_one_that_was_told_to_listen_there_is_judged(tmp_path: Path) -> None:
    socket = tmp_path / "docker.sock"
    socket.write_text("")
    uid = socket.stat().st_uid
    facts = told(
        dockerd(8, "--icc=true", uid=uid), dockerd(9, "-H", f"unix://{socket}", "--icc=false", uid=uid)
    )
    found = beneath._facts_of(facts, str(socket), asked(), rootless=True)
    assert (found.pid, found.flags["icc"]) == (9, "false")


WATCH = "-w /etc/docker -p rwxa"
ON, OFF = "enabled 1\nfailure 1\n", "enabled 0\nfailure 1\n"


@pytest.mark.parametrize(
    ("status", "said", "expected"),
    [
        (None, None, Watched(configured=True, why="there is no auditctl")),
        (ON, Finished(0, "No rules\n", ""), Watched(there=True, rules=())),
        (ON, Finished(0, f"{WATCH}\n", ""), Watched(there=True, rules=(WATCH,))),
        (OFF, Finished(0, f"{WATCH}\n", ""), Watched(there=True, off=True, rules=(WATCH,))),
        (
            ON,
            Finished(1, "", "You must be root to run this program.\n"),
            Watched(there=True, configured=True, why="auditctl: You must be root to run this program."),
        ),
        (
            ON,
            Finished(-9, "", "", timed_out=True),
            Watched(there=True, configured=True, why="auditctl: it did not answer"),
        ),
    ],
)
def test_the_rules_of_the_kernels_audit(
    status: str | None,
    said: Finished | None,
    expected: Watched,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run(command: list[str], **_: Any) -> Finished:
        assert status is not None
        assert said is not None
        return {"-s": Finished(0, status, ""), "-l": said}[command[1]]

    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/x/auditctl" if said else None)
    monkeypatch.setattr(process, "run", run)
    assert beneath._watched(Root(tmp_path)) == expected
