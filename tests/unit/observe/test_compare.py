from __future__ import annotations

import pytest

from lacre.observe import Response, Stopped
from lacre.observe.compare import worse_answer, worse_stop


def answer(text: str) -> frozenset[Response]:
    return frozenset({Response("tcp/80", "GET", text)})


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("HTTP 200", "HTTP 503"),
        ("HTTP 200", "HTTP 403"),
        ("HTTP 302", "HTTP 403"),
        ("HTTP 404", "HTTP 500"),
        ("HTTP 200", "closed"),
        ("HTTP 200", "no answer"),
        ("accepted", "refused"),
        ("closed", "no answer"),
        ("answered", "closed"),
        ("HTTP 200 200 200", "HTTP 200 closed"),
        ("HTTP 200 200 200", "HTTP 200 500 500"),
    ],
)
def test_a_worse_answer_is_told_with_what_it_was(before: str, now: str) -> None:
    assert worse_answer(answer(before), answer(now)) == f"GET on tcp/80: {now} (without a seal: {before})"


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ("HTTP 200", "HTTP 200"),
        ("HTTP 503", "HTTP 200"),
        ("HTTP 200", "HTTP 302"),
        ("HTTP 500", "HTTP 502"),
        ("HTTP 413", "closed"),  # a server may close before it has read a body that it refuses
        ("closed", "HTTP 200"),
        ("no answer", "closed"),
    ],
)
def test_as_good_or_better_is_not_worse(before: str, now: str) -> None:
    assert worse_answer(answer(before), answer(now)) == ""


def test_a_question_that_the_baseline_was_not_asked_is_not_compared() -> None:
    assert worse_answer(frozenset(), answer("no answer")) == ""


@pytest.mark.parametrize(("before", "now"), [(0, 137), (0, 1), (143, 1), (143, 137)])
def test_a_stop_with_another_code_is_worse(before: int, now: int) -> None:
    assert worse_stop(Stopped(before, False), Stopped(now, False))


@pytest.mark.parametrize(("before", "now"), [(0, 0), (137, 143), (137, 0), (143, 0), (137, 1)])
def test_a_stop_in_time_is_not(before: int, now: int) -> None:
    assert not worse_stop(Stopped(before, False), Stopped(now, False))
