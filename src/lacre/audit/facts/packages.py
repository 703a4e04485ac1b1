"""What a command installs or removes, by the common package managers."""

from __future__ import annotations

from collections.abc import Iterator

from lacre.audit.facts.shell import Command

MANAGERS = {
    "apt-get": ("install",),
    "apt": ("install",),
    "aptitude": ("install",),
    "apk": ("add",),
    "yum": ("install", "localinstall", "groupinstall"),
    "dnf": ("install",),
    "microdnf": ("install",),
    "tdnf": ("install",),
    "zypper": ("install", "in"),
    "pacman": ("-S", "-Sy", "-Syu"),
}
"""The word with which each manager installs."""

_REMOVES = frozenset({"remove", "purge", "autoremove", "del", "erase", "rm"})
_VALUES = frozenset({"-o", "-t", "--virtual", "--repository", "-X", "-c", "--target-release"})


def installed(command: Command) -> Iterator[str]:
    """The packages that a command installs, versions taken off."""
    verbs = MANAGERS.get(command.program)
    if verbs and any(verb in command.arguments for verb in verbs):
        yield from _names(command, verbs)


def removed(command: Command) -> Iterator[str]:
    """The packages that a command removes."""
    if command.program in MANAGERS and _REMOVES & set(command.arguments):
        yield from _names(command, tuple(_REMOVES))


def _names(command: Command, verbs: tuple[str, ...]) -> Iterator[str]:
    passed = skip = False
    for word in command.arguments:
        if skip:
            skip = False
        elif word in verbs:
            passed = True
        elif word in _VALUES:
            skip = True
        elif passed and not word.startswith("-"):
            yield word.partition("=")[0].partition(":")[0]
