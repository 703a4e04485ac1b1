"""Where the grounds keep what is slow to make, and how they compare images. See docs/decisions/0020."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(
    os.environ.get("LACRE_TEST_CACHE")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lacre-test"
)


class GroundError(Exception):
    """A ground does not come up; the message says why."""


def take(name: str, wait_seconds: float) -> IO[str]:
    """A lock on a ground, held until the answer is closed; other runs of the tests wait for it.

    Raises GroundError when it is still in use after `wait_seconds`.
    """
    CACHE.mkdir(parents=True, exist_ok=True)
    lock = (CACHE / f"ground-{name}.lock").open("w")
    deadline, said = time.monotonic() + wait_seconds, False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if time.monotonic() >= deadline:
                lock.close()
                raise GroundError(f"ground {name} is in use by another run of the tests") from None
            if not said:
                print(f"==> ground {name} is in use; waiting", file=sys.stderr, flush=True)
                said = True
            time.sleep(0.2)
        else:
            return lock


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
