"""The daemon asked, reloaded and restarted: by programs and processes that stand for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lacre.engine.daemon import DaemonFacts
from lacre.errors import HalfDoneError, NotAppliedError
from lacre.host import apply as applying
from lacre.host import engine, facts, journal, plan, states, work
from lacre.host.files import Root
from lacre.host.model import Plan, Profile
from lacre.host.plan import RUN_ON
from lacre.host.settings import SETTINGS
from lacre.report import host as report
from lacre.report.text import Look
from tests.unit.host import trees


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def daemon_json(directory: Path, text: str) -> str:
    (directory / "daemon.json").write_text(text)
    return str(directory / "daemon.json")


def test_what_dockerd_has_against_a_file_is_told_without_its_staged_name(tmp_path: Path) -> None:
    program = script(tmp_path / "dockerd", 'echo "unable to configure with file $3: bad key" >&2; exit 1')
    said = engine.against(Root(tmp_path), program, daemon_json(tmp_path, "{}"))
    assert said == "unable to configure with file the file: bad key"


def test_dockerd_is_not_asked_where_it_would_make_a_user_by_looking(tmp_path: Path) -> None:
    program = script(tmp_path / "dockerd", f"touch {tmp_path}/asked; exit 1")
    file = daemon_json(tmp_path, '{"userns-remap": "default"}')
    assert engine.against(Root(tmp_path), program, file) == ""
    assert not (tmp_path / "asked").exists()
    trees.put(Root(tmp_path), "/etc/passwd", "root:x:0:0::/:/bin/sh\ndockremap:x:100:102::/:/bin/false\n")
    assert engine.against(Root(tmp_path), program, file)


@pytest.mark.parametrize("text", ["exit 0", "echo 'unknown flag: --validate' >&2; exit 125"])
def test_a_dockerd_that_is_content_or_cannot_say_has_nothing_against_it(text: str, tmp_path: Path) -> None:
    root, file = Root(tmp_path), daemon_json(tmp_path, "{}")
    assert engine.against(root, script(tmp_path / "dockerd", text), file) == ""
    assert engine.against(root, str(tmp_path / "not there"), file) == ""


def test_a_process_that_is_no_longer_dockerd_gets_no_signal() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
    ) as other:
        assert "is no longer dockerd" in engine.reload(Root(), other.pid)
        assert other.poll() is None
        assert other.stdin is not None
        other.stdin.close()
    assert engine.reload(Root(), other.pid) == "No such process"


def made(root: Root) -> Plan:
    told = facts.read(root, SETTINGS, None)
    return plan.plan(
        told,
        Profile.CONTAINER_HOST,
        states.states(told, Profile.CONTAINER_HOST, SETTINGS),
        ["net.ipv4.ip_forward"],
    )


def test_a_file_that_dockerd_refuses_is_never_put_in_place(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    seen: list[str] = []

    def validate(file: str) -> str:
        seen.append(Path(file).read_text())
        return "no such key"

    with pytest.raises(NotAppliedError, match="asking dockerd"):
        applying.apply(root, made(root), "now", validate)
    assert "live-restore" in seen[0]
    assert trees.snapshot(tmp_path) == before


def test_a_restart_that_is_still_waited_for_is_made_although_nothing_is_written(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    applying.apply(root, made(root), "now")
    restarted: list[bool] = []

    def restart() -> str:
        restarted.append(True)
        return ""

    assert applying.apply(root, made(root), "now", None, restart) == ()
    assert restarted


@pytest.mark.parametrize(
    ("live_restore", "whole"), [(True, False), (False, True)], ids=["containers run on", "they are stopped"]
)
def test_what_a_restart_does_not_put_in_force_is_told(
    live_restore: bool, whole: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dockerd says of it: there are running containers, updated network configuration will not take affect."""
    monkeypatch.setattr(engine, "restart", lambda: "")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    asked = [True, live_restore]  # icc, before and after
    root = trees.make(tmp_path)
    trees.process(root, 70, "dockerd")
    skipped = [setting.id for setting in SETTINGS if setting.id != "engine.icc"]

    def ask() -> DaemonFacts:
        return trees.engine(icc=asked.pop(0), live_restore=live_restore)

    done = work.applied(root, Profile.CONTAINER_HOST, skipped=skipped, restart_engine=True, ask=ask)
    (change,) = done.plan.changes
    assert (RUN_ON in " ".join(change.notes)) is live_restore
    assert done.whole is whole
    told = report.applied(done, Look())
    assert ("engine.icc is written, and not in force although dockerd was restarted" in told) is not whole


@pytest.mark.parametrize(("second", "error"), [("", NotAppliedError), ("still down", HalfDoneError)])
def test_an_engine_that_does_not_come_up_gets_its_old_file_and_is_restarted_with_it(
    second: str, error: type[Exception], tmp_path: Path
) -> None:
    root = trees.make(tmp_path)
    before = trees.snapshot(tmp_path)
    answers = ["it does not start", second]
    configured: list[bool] = []

    def restart() -> str:
        configured.append("live-restore" in root.at("/etc/docker/daemon.json").read_text())
        return answers.pop(0)

    with pytest.raises(error):
        applying.apply(root, made(root), "now", None, restart)
    assert configured == [True, False]
    assert not journal.load(root).runs
    assert trees.snapshot(tmp_path) == before
