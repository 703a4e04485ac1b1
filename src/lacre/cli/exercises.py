"""`--exercise` as it is typed: for which service, and whether a password stands in it."""

# ruff: noqa: PLC0415 - start-up is for what the command needs: imported where used

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lacre.seal.model import Exercise

_VALUE = r"""(?:["'](?!\$)[^"']+|(?!["'$])[^\s"'$&|;]+)"""
"""A value written out: not a variable ($X) and not a command's output ($(…))."""

_PASSWORDS = "|".join(
    (
        # PGPASSWORD=…, MYSQL_PWD=…, API_TOKEN=…, client_secret=…, --password=…
        rf"[\w-]*(?:password|passwd|passphrase|_pwd|secret|token|api_?key|access_?key)[\"']?\s*[=:]\s*{_VALUE}",
        # --password …, --token …
        rf"--?(?:password|passwd|pass|token|secret|api-?key)\s+(?!-){_VALUE}",
        # scheme://user:password@host
        r"\w://[^\s/:@]*:(?!\$)[^\s/:@$]+@",
        # curl -u user:password, --user user:password
        rf"(?:-u|--user)[\s=]*[\"']?[\w.@-]+:{_VALUE}",
        # Authorization: Bearer …, Authorization: Basic …
        rf"authorization\s*:\s*(?:bearer|basic|token)\s+{_VALUE}",
        # redis-cli -a …, mysql -p…
        rf"redis-cli\b[^|;&]*\s-a\s+{_VALUE}",
        rf"(?:mysql|mariadb)[\w-]*\b[^|;&]*\s-p{_VALUE}",
        # keys that say by themselves what they are
        r"\b(?:gh[pousr]_\w{20,}|AKIA[0-9A-Z]{16}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,})",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    )
)


def looks_like_password(command: str) -> bool:
    """Whether a password, key or token seems to stand in `command`; a variable in its place is none."""
    return re.search(_PASSWORDS, command, re.IGNORECASE) is not None


def parse(typed: Iterable[str], services: Collection[str]) -> tuple[Exercise, ...]:
    """The exercises as typed; `name=command` is for one service if `name` is exactly one's name."""
    from lacre.seal.model import Exercise

    exercises = []
    for text in typed:
        name, equals, command = text.partition("=")
        if equals and name in services:
            exercises.append(Exercise(command=command, service=name))
        else:
            exercises.append(Exercise(command=text))
    return tuple(exercises)
