"""For all unit tests."""

from __future__ import annotations

from hypothesis import settings

# a machine that others use too makes any time limit a flake
settings.register_profile("lacre", deadline=None)
settings.load_profile("lacre")
