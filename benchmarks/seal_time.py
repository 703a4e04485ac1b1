"""How long `lacre seal` takes against what cannot be saved: its own container starts, stops and exercises.

For each server of tests/servers, turn by turn: the wall time of the whole command (`--dry-run`, a fresh
process), of that the starts and exercises, what lacre adds (orchestration), and the number of trials.
Target: orchestration at most 20 % above starts and exercises, by the medians.

Needs root, Docker, and the images of tests/servers (`make test` builds them).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TARGET = 1.20
ROUNDS = 3
SERVERS = ("redis", "nginx")
LONGEST = 900.0  # seconds for one command
SEALED = {0, 3}  # whole, or with a control off

_ROOT = Path(__file__).resolve().parents[1]
_SERVERS = _ROOT / "tests" / "servers"
_LACRE = (sys.executable, "-c", "from lacre.cli import main; main()")
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(_ROOT / "src")}


@dataclass(frozen=True)
class Measured:
    """One `lacre seal`; seconds."""

    total: float
    own: float  # starts, stops and exercises
    trials: int

    @property
    def ratio(self) -> float:
        return self.total / self.own


def seal(name: str) -> Measured:
    began = time.monotonic()
    done = subprocess.run(
        [*_LACRE, "seal", "--dry-run", "--no-attack", "--format", "json", "--exercise", "sh exercise.sh"],
        cwd=_SERVERS / name,
        env=_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=LONGEST,
        check=False,
    )
    total = time.monotonic() - began
    if done.returncode not in SEALED:
        raise SystemExit(f"lacre seal {name}: exit code {done.returncode}\n{done.stderr[-4000:]}")
    said = json.loads(done.stdout)
    return Measured(total, float(said["seconds"]["starts and exercises"]), int(said["trials"]))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"turns (default {ROUNDS})")
    parser.add_argument(
        "servers", nargs="*", default=SERVERS, metavar="SERVER", help="a directory of tests/servers"
    )
    given = parser.parse_args(arguments)
    if os.geteuid() != 0 or not shutil.which("docker"):
        print("skipped: needs root and the docker command", file=sys.stderr)
        return 2
    if unknown := [name for name in given.servers if not (_SERVERS / name / "exercise.sh").is_file()]:
        parser.error(f"not in tests/servers: {', '.join(unknown)}")
    measured: dict[str, list[Measured]] = {name: [] for name in given.servers}
    for _ in range(given.rounds):
        for name, runs in measured.items():
            runs.append(seal(name))
    print(f"{'':12}{'total':>9}{'own':>9}{'added':>9}{'ratio':>7}{'trials':>8}   (medians, seconds)")
    for name, runs in measured.items():
        total = statistics.median(run.total for run in runs)
        own = statistics.median(run.own for run in runs)
        ratio = statistics.median(run.ratio for run in runs)
        trials = "/".join(str(number) for number in sorted({run.trials for run in runs}))
        print(f"{name:12}{total:9.1f}{own:9.1f}{total - own:9.1f}{ratio:7.2f}{trials:>8}")
    worst = max(statistics.median(run.ratio for run in runs) for runs in measured.values())
    print(f"own: starts, stops and exercises. Worst ratio {worst:.2f} (target: at most {TARGET:.2f})")
    return 0 if worst <= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
