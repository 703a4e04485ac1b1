from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import lacre
from lacre.engine import kernel
from lacre.engine.owner import may_live, this_process


def test_this_process_lives() -> None:
    assert may_live(this_process())


def test_a_process_that_ended_does_not() -> None:
    script = "from lacre.engine.owner import this_process; print(this_process())"
    said = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(lacre.__file__).parent.parent)},
    )
    assert not may_live(said.stdout.strip())


def test_a_number_that_was_used_again_is_not_the_owner() -> None:
    machine, boot, namespace, pid, started = this_process().split("/")
    assert not may_live(f"{machine}/{boot}/{namespace}/{pid}/{int(started) - 1}")


def test_nothing_of_an_earlier_boot_lives() -> None:
    machine, _, namespace, pid, started = this_process().split("/")
    assert not may_live(f"{machine}/0000/{namespace}/{pid}/{started}")


def test_of_another_process_namespace_it_cannot_be_told() -> None:
    machine, boot, _, pid, _ = this_process().split("/")
    assert may_live(f"{machine}/{boot}/pid:[1]/{pid}/1")


def test_of_another_machine_it_cannot_be_told() -> None:
    assert may_live("another/" + this_process().partition("/")[2])


def test_nonsense_is_nobody() -> None:
    assert not may_live("")
    assert not may_live("a")


def test_caught_signals_are_those_with_a_handler() -> None:
    without = kernel.caught_signals(os.getpid())
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        caught = kernel.caught_signals(os.getpid())
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert caught - without == {"USR1"}
    assert kernel.caught_signals(1 << 30) == frozenset()


def test_peaks_of_a_process_that_is_gone_are_unknown() -> None:
    assert kernel.peaks(1 << 30) == kernel.Peaks(None, None)
