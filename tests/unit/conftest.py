"""For all unit tests."""

from __future__ import annotations

import os
from functools import cache

from hypothesis import settings
from typer import testing

# A machine that others use too makes any time limit a flake. CI looks longer, at the same examples each time: what
# lands shall not hang on a draw. New ones are drawn where somebody is there to look: on a developer's machine.
settings.register_profile("ci", deadline=None, max_examples=200, derandomize=True)
settings.register_profile("quick", deadline=None, max_examples=10)
settings.load_profile("ci" if os.environ.get("CI") else "quick")

# The tree of commands is the same in each test, and making it takes longer than most of what is asked of it.
testing._get_command = cache(testing._get_command)  # type: ignore[attr-defined]
