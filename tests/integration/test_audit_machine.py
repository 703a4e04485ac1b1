"""The audit of this machine's engine, host and images, and of an engine that is reached over a network."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lacre.audit import collect
from lacre.audit.collect import Machine, Wanted
from lacre.audit.facts.host import Role
from lacre.audit.hiding import Hiding, ignores
from lacre.audit.kept import Kept
from lacre.audit.machine import audit_machine
from lacre.audit.model import Answer, Scope, Verdict
from lacre.audit.registry import CHECKS
from lacre.audit.run import of_container
from lacre.engine import inventory
from lacre.engine.reader import Reader, reader
from tests.integration.engine_fixtures import docker
from tests.unit.audit.machines import TODAY

IMAGE = "debian:bookworm-slim"
LACRE = (sys.executable, "-c", "from lacre.cli import main; main()")
SOCKET = "/run/docker.sock"


def look(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str] | None = None) -> Machine:
    """The whole machine, but only the few things that are a test's own among containers and images."""
    real = inventory.engine_shown

    def fewer(reader: Reader) -> Callable[[], inventory.EngineShown]:
        shown = real(reader)()
        images = tuple(one for one in shown.images if IMAGE in (one.get("RepoTags") or ()))
        return lambda: replace(shown, containers=(), images=images)

    monkeypatch.setattr(inventory, "engine_shown", fewer)
    with reader(environment) as client:
        return collect.machine(client, Wanted(), Kept(None), trust="", say=lambda _: None)


def answers(machine: Machine) -> dict[tuple[str, Scope], Answer]:
    report = audit_machine(machine, CHECKS, Hiding(TODAY))
    return {(answer.check, answer.subject.scope): answer for answer in report.answers}


def test_this_machine(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = look(monkeypatch)
    assert machine.daemon is not None
    assert machine.host is not None
    assert machine.daemon.facts.pid == int(Path("/run/docker.pid").read_text())
    assert machine.daemon.version == engine
    assert machine.daemon.listening == ()
    (sock,) = machine.host.of(Role.SOCKET)
    seen = Path(SOCKET).stat()
    assert (sock.kind, sock.mode, sock.uid, sock.gid) == (
        "socket",
        seen.st_mode & 0o7777,
        seen.st_uid,
        seen.st_gid,
    )
    assert machine.host.settings
    told = answers(machine)
    assert told["LC207", Scope.DAEMON].verdict is Verdict.NOT_APPLICABLE
    assert told["LC315", Scope.HOST].verdict is Verdict.PASSES
    assert told["LC325", Scope.HOST].verdict is Verdict.PASSES
    swarm = {answer.verdict for (_, scope), answer in told.items() if scope is Scope.SWARM}
    assert swarm == {Verdict.NOT_APPLICABLE}
    # Nothing uses the image here, so its files were not read, and that is no pass.
    assert told["LC408", Scope.IMAGE].verdict is Verdict.UNKNOWN


@contextlib.contextmanager
def forwarded() -> Iterator[str]:
    """The engine's socket as a TCP port of loopback, as a far engine is reached."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    near, _ = listening.accept()
                except OSError:
                    return
                far = socket.socket(socket.AF_UNIX)
                far.connect(SOCKET)
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=pump, args=(one, other), daemon=True).start()

        def pump(one: socket.socket, other: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := one.recv(1 << 16):
                    other.sendall(data)
                other.shutdown(socket.SHUT_WR)

        threading.Thread(target=serve, daemon=True).start()
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def test_a_far_engine_is_not_judged_by_this_host(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    box = docker(
        "run", "-d", "--label", "lacre-audit-test=far", "--privileged=false", IMAGE, "sleep", "600"
    ).strip()
    try:
        with forwarded() as address:
            environment = {**os.environ, "DOCKER_HOST": address}
            machine = look(monkeypatch, environment)
            told = answers(machine)
            host = {answer.verdict for (_, scope), answer in told.items() if scope is Scope.HOST}
            assert host == {Verdict.UNKNOWN}
            assert told["LC207", Scope.DAEMON].verdict is Verdict.UNKNOWN
            assert told["LC216", Scope.DAEMON].verdict is Verdict.UNKNOWN
            assert told["LC202", Scope.DAEMON].verdict is not Verdict.UNKNOWN  # the engine itself says
            with reader(environment) as client:
                far = collect.machine(
                    client, Wanted(containers=(box,)), Kept(None), trust="", say=lambda _: None
                )
        of_box = answers(far)
        assert of_box["LC522", Scope.CONTAINER].why == "its engine runs on another machine"
        assert of_box["LC505", Scope.CONTAINER].verdict is Verdict.PASSES
    finally:
        docker("rm", "-fv", box)


def test_what_is_paused_is_tested_and_what_never_started_is_not(engine: str) -> None:
    label = ("--label", "lacre-audit-test=states")
    paused = docker("run", "-d", *label, IMAGE, "sleep", "600").strip()
    created = docker("create", *label, IMAGE, "sleep", "600").strip()
    try:
        docker("pause", paused)
        with reader() as client:
            wanted = Wanted(containers=(paused, created))
            machine = collect.machine(client, wanted, Kept(None), trust="", say=lambda _: None)
        boxes = {box.id: box for box in machine.containers}
        main = boxes[paused].main
        assert main is not None
        assert main.name == "sleep"
        asked = {one.check: one for one in of_container(boxes[created], CHECKS)}
        assert (asked["LC522"].verdict, asked["LC522"].why) == (Verdict.NOT_APPLICABLE, "it does not run")
    finally:
        docker("rm", "-fv", paused, created)


def test_from_inside_a_container_nothing_is_said_of_processes_that_it_cannot_see(
    engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collect, "pid_namespace", lambda: "pid:[4026539999]")
    told = answers(look(monkeypatch))
    assert {answer.verdict for (_, scope), answer in told.items() if scope is Scope.HOST} == {Verdict.UNKNOWN}


def test_an_exclusion_counts_for_images_too(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = '[[audit.ignore]]\ncheck = "LC401"\nsubject = "debian:*"\nreason = "a base, no more"\n'
    report = audit_machine(look(monkeypatch), CHECKS, Hiding(TODAY, ignores(text)))
    found = [one for one in report.findings if one.check == "LC401" and one.subject.scope is Scope.IMAGE]
    assert found
    assert all(one.hidden is not None and one.hidden.by == "lacre.toml" for one in found)


def test_the_whole_command_ends_with_a_score_of_every_section(engine: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [*LACRE, "audit", "--fail-on", "never"],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
        cwd=tmp_path,
        env={
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": os.environ.get("HOME", "/root"),
            "NO_COLOR": "1",
        },
    )
    assert done.returncode == 0, done.stderr
    for section in ("1 host", "2 daemon", "3 daemon files", "4 images", "6 operations", "7 swarm"):
        assert section in done.stdout
    assert "Traceback" not in done.stderr
