"""Facts of a machine whose containers change while they are looked at: an engine that answers what a test says."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from lacre.audit import collect
from lacre.audit.collect import Machine, Wanted
from lacre.audit.kept import Kept
from lacre.audit.model import Verdict
from lacre.audit.registry import CHECKS
from lacre.audit.run import of_container
from lacre.engine.reader import Reader

ID = "a" * 64
IMAGE = f"sha256:{'b' * 64}"
IN_FORCE = ("LC507", "LC522", "LC557")
"""Checks that need the kernel's word."""


def look(monkeypatch: pytest.MonkeyPatch, state: Mapping[str, Any] | None, **info: str) -> Machine:
    """One container of this state; None: it is gone when it is asked about."""
    here = {"KernelVersion": os.uname().release, "Name": os.uname().nodename}
    box = None if state is None else {"Id": ID, "Name": "/box", "Image": IMAGE, "State": state}
    answers: dict[str, object] = {
        "/info": {**here, **info},
        "/version": {},
        "/containers/json": [{"Id": ID, "Names": ["/box"], "ImageID": IMAGE, "State": "running"}],
        "/images/json": [],
        "/networks": [],
        "/volumes": {"Volumes": None},
        f"/containers/{ID}/json": box,
        f"/images/{IMAGE}/json": {"Id": IMAGE},
        f"/images/{IMAGE}/history": [],
    }

    def ask(target: str) -> Callable[[], tuple[int, bytes]]:
        found = answers.get(target.partition("?")[0])
        return lambda: (404, b'{"message": "gone"}') if found is None else (200, json.dumps(found).encode())

    monkeypatch.setattr(collect, "pid_namespace", lambda: "")
    reader = Reader("unix:///nobody", ask, {})
    return collect.machine(reader, Wanted(containers=(ID,)), Kept(None), trust="", say=lambda _: None)


def told(machine: Machine) -> set[tuple[Verdict, str]]:
    (box,) = machine.containers
    return {(answer.verdict, answer.why) for answer in of_container(box, CHECKS) if answer.check in IN_FORCE}


@pytest.mark.parametrize("status", ["created", "exited", "dead", "removing"])
def test_what_does_not_run_has_nothing_in_force(monkeypatch: pytest.MonkeyPatch, status: str) -> None:
    machine = look(monkeypatch, {"Running": False, "Status": status, "Pid": 0})
    assert told(machine) == {(Verdict.NOT_APPLICABLE, "it does not run")}


def test_between_two_starts_it_could_not_be_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = look(monkeypatch, {"Running": True, "Restarting": True, "Status": "restarting", "Pid": 0})
    assert told(machine) == {(Verdict.UNKNOWN, "it ended meanwhile")}


def test_a_first_process_that_is_gone_is_no_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    beyond = 1 << 22  # PID_MAX_LIMIT of a 64-bit kernel, include/linux/threads.h: no process has it
    machine = look(monkeypatch, {"Running": True, "Status": "running", "Pid": beyond})
    assert told(machine) == {(Verdict.UNKNOWN, "it ended meanwhile")}


def test_a_process_number_that_somebody_else_has_now_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = look(monkeypatch, {"Running": True, "Status": "running", "Pid": os.getpid()})
    assert told(machine) == {(Verdict.UNKNOWN, "its processes cannot be seen from here")}


def test_an_engine_on_another_kernel_is_not_judged_by_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    state = {"Running": True, "Status": "running", "Pid": os.getpid()}
    machine = look(monkeypatch, state, KernelVersion="far")
    assert told(machine) == {(Verdict.UNKNOWN, "its engine runs on another machine")}


def test_what_went_away_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = look(monkeypatch, None)
    assert [(one.kind, one.why, one.named) for one in machine.missing] == [
        ("container", "it is not there", True)
    ]
