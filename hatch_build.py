"""Builds the native programs into the wheel; the sdist carries their sources and builds them the same way.

Needs what src/lacre/native/Makefile names. The programs are static, so the wheel fits every Linux of its
architecture.
"""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NATIVE = Path("src", "lacre", "native")


class NativeBuild(BuildHookInterface):
    """Runs make before a wheel is put together."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, add the programs that git ignores, and tag the wheel for this architecture."""
        if self.target_name != "wheel":
            return
        native = Path(self.root) / NATIVE
        static = [] if version == "editable" else ["LINK=-static"]  # a checkout serves this host only
        done = subprocess.run(["make", "-C", native, *static], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(
                f"the native programs cannot be built: {done.stderr.strip()}\n"
                "needed on Debian 12 or 13: make clang llvm bpftool libbpf-dev libelf-dev zlib1g-dev; "
                "a wheel is to be built on Debian 12, since the static libelf of Debian 13 is not complete"
            )
        for program in sorted((native / "bin").iterdir()):
            build_data["force_include"][str(program)] = f"lacre/native/bin/{program.name}"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-manylinux_2_17_{platform.machine()}.manylinux2014_{platform.machine()}"
