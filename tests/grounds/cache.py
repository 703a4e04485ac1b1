"""Where the grounds keep what is slow to make, and how they compare images. See docs/decisions/0020."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(
    os.environ.get("LACRE_TEST_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lacre-test"
)


def tree(name: str, suite: str, packages: Sequence[str]) -> Path:
    """A Debian system as a directory, made once; raises CalledProcessError."""
    script = str(ROOT / "scripts" / "debian-tree.sh")
    done = subprocess.run([script, name, suite, *packages], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


def layers(image: str, docker_host: str | None = None) -> list[str] | None:
    """The layers of an image, which are the same on every engine, unlike its id. None: it is not there."""
    environment = {k: v for k, v in os.environ.items() if k != "DOCKER_HOST"}
    if docker_host:
        environment["DOCKER_HOST"] = docker_host
    shown = subprocess.run(
        ["docker", "image", "inspect", image], env=environment, capture_output=True, text=True, check=False
    )
    if shown.returncode != 0:
        return None
    found: list[str] = json.loads(shown.stdout)[0]["RootFS"]["Layers"]
    return found
