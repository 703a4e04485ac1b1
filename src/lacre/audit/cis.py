"""The CIS Docker Benchmark 1.6 by number: which check asks it here, or why none can. Titles are not repeated: they are
the benchmark's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lacre.audit.check import Check

NUMBERS: tuple[str, ...] = (
    *(f"1.1.{number}" for number in range(1, 19)),
    "1.2.1", "1.2.2",
    *(f"2.{number}" for number in range(1, 19)),
    *(f"3.{number}" for number in range(1, 25)),
    *(f"4.{number}" for number in range(1, 13)),
    *(f"5.{number}" for number in range(1, 33)),
    "6.1", "6.2",
    *(f"7.{number}" for number in range(1, 10)),
)  # fmt: skip
"""Sections 1 to 7. Section 8 is about Docker Enterprise, which is sold under another name and no longer this engine."""

LEFT: Mapping[str, str] = {
    "4.2": "whom to trust is a question for people; LC421 and LC541 check that a base is pinned",
    "4.12": "which artifacts are signed no engine knows; LC411 and LC424 find what a build does not verify",
    "7.6": "nothing tells when the key was last changed: `docker swarm unlock-key --rotate`, by a calendar",
    "7.8": "nothing tells when the authority was last changed: `docker swarm ca --rotate`, by a calendar",
    "7.9": "the engine does not tell its data path: `docker swarm init --data-path-addr` is given once",
}
"""What cannot be automated, and why."""


def numbers(check: Check) -> tuple[str, ...]:
    """The numbers that a check answers."""
    return tuple(number.strip() for number in check.cis.split(",") if number.strip())


def by_number(checks: Iterable[Check]) -> dict[str, list[Check]]:
    """Which checks answer each number."""
    found: dict[str, list[Check]] = {number: [] for number in NUMBERS}
    for check in checks:
        for number in numbers(check):
            found.setdefault(number, []).append(check)
    return found
