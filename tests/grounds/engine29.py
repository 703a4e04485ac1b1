"""Ground E: Docker 29 with containerd 2.4 and runc 1.5 as their projects make them, beside the machine's own engine.

`python -m tests.grounds E` starts it by hand.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from tests.grounds.cache import tree
from tests.grounds.engine26 import Engine26
from tests.grounds.modules import Build, built

DOCKER = "29.8.1"
"""The release that the module's own releases/versions.yaml calls the next one."""
CONTAINERD, RUNC, OLD_RUNC = "2.4.2", "1.5.3", "1.2.7"
_MOBY = "github.com/moby/moby/v2"
_ENGINE = f"{_MOBY}@v2.0.0-beta.24"
_CONTAINERD = f"github.com/containerd/containerd/v2@v{CONTAINERD}"
_RUNC = "github.com/opencontainers/runc"
_SHIM = "containerd-shim-runc-v2"
PROGRAMS = [
    Build("dockerd", _ENGINE, "./cmd/dockerd", f"-X {_MOBY}/dockerversion.Version={DOCKER}"),
    Build("docker-proxy", _ENGINE, "./cmd/docker-proxy"),
    Build("containerd", _CONTAINERD, "./cmd/containerd"),
    Build(_SHIM, _CONTAINERD, f"./cmd/{_SHIM}"),
    Build("runc", f"{_RUNC}@v{RUNC}", ".", c=True),
    Build("old/runc", f"{_RUNC}@v{OLD_RUNC}", ".", f"-X main.version={OLD_RUNC}", c=True),
]
PACKAGES = ("docker-cli", "iptables", "iproute2", "ca-certificates", "libseccomp2", "tini")


class Engine29(Engine26):
    """Started, filled and ended as `Engine26`, with the image store of containerd, which is this engine's default.

    `old_runc`: with overlay2, and a runtime that lacks the fixes of known escapes; it may run beside the other.
    """

    version: ClassVar[str] = "29."

    def __init__(self, *, old_runc: bool = False) -> None:
        # By its name each store has a place of its own for the data.
        super().__init__("overlay2" if old_runc else "containerd")
        self._place(*(("E-old", "10.232") if old_runc else ("E", "10.231")))
        self._old_runc = old_runc
        # Since Docker 28 only the engine's own host reaches its containers directly; the tests come as another one.
        self._flags = ("--allow-direct-routing", "--init-path=/usr/bin/tini-static")

    def _command(self) -> list[str]:
        programs = f"PROGRAMS={built('docker29', PROGRAMS)}"
        path = f"PATH={'/usr/local/bin/old:' if self._old_runc else ''}/usr/local/bin:{os.environ['PATH']}"
        root = tree("docker29-root", "trixie", PACKAGES)
        inside = str(Path(__file__).parent / "engine26.sh")
        return ["env", programs, path, inside, str(root), self.store]
