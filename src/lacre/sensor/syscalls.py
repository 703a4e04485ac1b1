"""System call numbers and names, by the kernel's name of the architecture (x86_64, i386, aarch64)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

COMPAT = {"x86_64": "i386"}
"""The 32-bit architecture whose programs a kernel runs too."""


@cache
def _table() -> dict[str, dict[int, str]]:
    table: dict[str, dict[int, str]] = {}
    for line in files(__package__).joinpath("syscalls.tsv").read_text("ascii").splitlines():
        if not line.startswith("#"):
            arch, number, name = line.split("\t")
            table.setdefault(arch, {})[int(number)] = name
    return table


def syscall_name(arch: str, number: int) -> str:
    """The name of a system call, or `syscall_NUMBER` for one newer than the table."""
    return _table().get(arch, {}).get(number, f"syscall_{number}")


def syscall_names(arch: str) -> dict[int, str]:
    """All system calls of an architecture; empty if the architecture is unknown."""
    return dict(_table().get(arch, {}))
