"""Writes the config.json files anew with the real Compose: `python tests/unit/engine/data/make.py`."""

from __future__ import annotations

import json
from pathlib import Path

from lacre.engine.normalise import double
from tests.unit.engine.real_compose import real_compose

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    for file in sorted(HERE.glob("*/compose.yaml")):
        config = real_compose().config_of([file], ["*"])
        text = json.dumps(double(config), indent=1, sort_keys=True).replace(str(file.parent), "/project")
        (file.parent / "config.json").write_text(text.replace(str(HERE), "/elsewhere") + "\n")
