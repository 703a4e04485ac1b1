"""For all unit tests."""

from __future__ import annotations

import os

from hypothesis import settings

# A machine that others use too makes any time limit a flake. CI looks longer; a developer waits 20 s at most.
settings.register_profile("ci", deadline=None, max_examples=200)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("ci" if os.environ.get("CI") else "quick")
