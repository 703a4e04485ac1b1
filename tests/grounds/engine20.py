"""The machine's own Docker once more, with another runtime, other users or other settings of the engine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.grounds.cache import CACHE
from tests.grounds.engine26 import Engine26

_SUBORDINATE = "nobody:1000000:65536\n"


class Engine20(Engine26):
    """Started, filled and ended as `Engine26`; `name` parts its place from that of others, `network` its addresses.

    With `userns-remap` in `config`, nobody is the one whose subordinate ids containers get.
    """

    def __init__(self, name: str, network: str, config: Mapping[str, Any]) -> None:
        super().__init__("overlay2")
        self._place(name, network)
        self._config = config

    @property
    def data(self) -> Path:
        """Where its images stay."""
        return CACHE / f"docker20-{self.name}"

    def _command(self) -> list[str]:
        self.data.mkdir(parents=True, exist_ok=True)
        config = self.run / "daemon.json"
        config.write_text(json.dumps(self._config))
        if "userns-remap" in self._config:
            (self.run / "subuid").write_text(_SUBORDINATE)
        return [str(Path(__file__).with_suffix(".sh")), str(self.data), str(config)]


def crun() -> Engine20:
    """Containers are started by crun."""
    runtimes = {"crun": {"path": "/usr/bin/crun"}}
    return Engine20("crun", "10.228", {"default-runtime": "crun", "runtimes": runtimes})


def userns() -> Engine20:
    """Root of a container is an ordinary user of the host."""
    return Engine20("userns", "10.229", {"userns-remap": "nobody:nogroup"})
