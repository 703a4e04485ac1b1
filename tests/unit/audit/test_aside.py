from __future__ import annotations

import os
import signal

import pytest

from lacre.audit.aside import aside


def test_the_work_is_done_in_another_process() -> None:
    result = aside(os.getpid)
    assert result() != os.getpid()


def test_a_large_result_comes_whole() -> None:
    assert len(aside(lambda: b"x" * 5_000_000)()) == 5_000_000


def test_where_the_other_process_dies_the_work_is_done_here() -> None:
    here = os.getpid()

    def work() -> int:
        if os.getpid() != here:
            os.kill(os.getpid(), signal.SIGKILL)
        return os.getpid()

    assert aside(work)() == here


def test_what_the_work_raises_is_raised_here() -> None:
    def work() -> None:
        raise LookupError("nothing there")

    result = aside(work)
    with pytest.raises(LookupError, match="nothing there"):
        result()


def test_no_process_is_left() -> None:
    child = aside(os.getpid)()
    with pytest.raises(ChildProcessError):
        os.waitpid(child, os.WNOHANG)
