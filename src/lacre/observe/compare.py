"""What is worse than the baseline: pure comparisons, each answered in words (empty: not worse)."""

from __future__ import annotations

from collections.abc import Iterable

from lacre.observe.model import Response, Stopped

KILLED = 137  # 128 + SIGKILL: the stop took longer than the grace time


def worse_answer(before: Iterable[Response], now: Iterable[Response]) -> str:
    """The first answer to a question that is worse than what the baseline answered to the same question."""
    expected = {(response.port, response.question): response.answer for response in before}
    for response in sorted(now, key=lambda r: (r.port, r.question)):
        known = expected.get((response.port, response.question))
        if known is not None and _is_worse(known, response.answer):
            return f"{response.question} on {response.port}: {response.answer} (without a seal: {known})"
    return ""


def worse_stop(before: Stopped, now: Stopped) -> str:
    """A stop that ends otherwise than in the baseline; ending in time or with 0 is never worse."""
    if now.exit_code in {before.exit_code, 0} or before.exit_code == KILLED:
        return ""
    return f"stopped with exit code {now.exit_code} (without a seal: {before.exit_code})"


def _is_worse(before: str, now: str) -> bool:
    if before == now:
        return False
    if now in {"no answer", "refused"}:
        return True
    if not before.startswith("HTTP"):
        return before == "answered"
    if not now.startswith("HTTP"):
        # a server that refuses a body may close before the client has read the status: as good as the status
        return before.startswith("HTTP 2")
    statuses = zip(before.split()[1:], now.split()[1:], strict=False)
    fewer = len(now.split()) < len(before.split())
    return fewer or any(_worse_status(known, status) for known, status in statuses)


def _worse_status(before: str, now: str) -> bool:
    """A client or server error where there was none, or a server error where there was a client error."""
    if not (before.isdecimal() and now.isdecimal()):
        return before.isdecimal()
    return int(now) >= 400 and int(now) // 100 > int(before) // 100
