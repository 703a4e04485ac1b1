"""The one shape of every table of system calls: a row is a few names and why they are in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """System calls that belong together, and why."""

    names: frozenset[str]
    reason: str


def row(names: str, reason: str) -> Row:
    """A row from names separated by white space."""
    return Row(frozenset(names.split()), reason)


def union(rows: tuple[Row, ...]) -> frozenset[str]:
    """Every name of a table."""
    return frozenset[str]().union(*(each.names for each in rows))


def reason_of(rows: tuple[Row, ...], name: str) -> str:
    """The reason of the first row that holds a name; empty when none does."""
    return next((each.reason for each in rows if name in each.names), "")
