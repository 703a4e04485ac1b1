"""How long all attacks on one twin take: the wall time of each side, and of each service of it.

For each server of tests/servers, under a seal made once: `lacre attack --format json`, turn by turn. A side is
one twin; its attacks must take no longer than 30 s in all, by the medians.

Needs root, Docker, and the images of tests/servers (`make test` builds them).
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

TARGET = 30.0
ROUNDS = 3
LONGEST = 900.0  # seconds for one command
SEALED = {0, 3}  # whole, or with a control off

_ROOT = Path(__file__).resolve().parents[1]
_PROJECTS = {"nginx": _ROOT / "tests/servers/nginx", "demo": _ROOT / "demo"}
_EXERCISES = {"nginx": "sh exercise.sh", "demo": "sh smoke.sh"}
_LACRE = (sys.executable, "-c", "from lacre.cli import main; main()")
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(_ROOT / "src")}


def lacre(directory: Path, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [*_LACRE, *arguments, "--format", "json"],
        cwd=directory,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    if done.returncode not in SEALED:
        raise SystemExit(f"{arguments[0]} in {directory}: exit code {done.returncode}\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> int:
    if os.geteuid() != 0 or shutil.which("docker") is None:
        raise SystemExit("needs root and Docker")
    missed = False
    print(
        f"{'project':8} {'side':7} {'services':>8} {'attacks':>8} {'median':>8}   (target: {TARGET:.0f} s a twin)"
    )
    with tempfile.TemporaryDirectory(prefix="lacre-benchmark-") as scratch:
        for name, directory in _PROJECTS.items():
            seal = Path(scratch) / name
            lacre(directory, "seal", "--no-attack", "--exercise", _EXERCISES[name], "--output", str(seal))
            runs = [lacre(directory, "attack", "--seal", str(seal)) for _ in range(ROUNDS)]
            for side in ("before", "after"):
                services = [run["sides"][side]["services"] for run in runs]
                taken = statistics.median(
                    sum(service["seconds"] for service in of.values()) for of in services
                )
                missed |= taken > TARGET
                print(f"{name:8} {side:7} {len(services[0]):8} {len(runs[0]['attacks']):8} {taken:6.1f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
