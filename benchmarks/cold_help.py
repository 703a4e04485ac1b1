"""Cold `lacre --help` against `python3 -c pass`, turn by turn in one run: milliseconds, and what lacre adds.

Target: at most 150 ms more than the bare interpreter (docs/decisions/0050-plain-help.md).

    python benchmarks/cold_help.py [ROUNDS]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

TARGET = 150.0  # milliseconds
ROUNDS = 20

_SOURCE = Path(__file__).resolve().parents[1] / "src"
_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(_SOURCE), "COLUMNS": "80"}
_COMMANDS = {
    "python3 -c pass": ("-c", "pass"),
    "lacre --help": ("-c", "from lacre.cli import main; main(['--help'])"),
    "lacre seal --help": ("-c", "from lacre.cli import main; main(['seal', '--help'])"),
}


def milliseconds(arguments: tuple[str, ...]) -> float:
    """Wall time of one fresh interpreter."""
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=_ENVIRONMENT, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - began) * 1000


def main() -> int:
    """Measure, print side by side, and fail when the target is missed."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    for arguments in _COMMANDS.values():  # compile what is not compiled yet, fill the page cache
        milliseconds(arguments)
    times: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for _ in range(rounds):
        for name, arguments in _COMMANDS.items():
            times[name].append(milliseconds(arguments))
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    bare = medians["python3 -c pass"]
    print(f"{'':<18}  {'median':>9}  {'fastest':>9}  {'added':>9}  {'ratio':>6}")
    for name, median in medians.items():
        print(
            f"{name:<18}  {median:6.1f} ms  {min(times[name]):6.1f} ms  "
            f"{median - bare:6.1f} ms  {median / bare:6.2f}"
        )
    added = medians["lacre --help"] - bare
    print(f"lacre --help adds {added:.0f} ms (target: at most {TARGET:.0f} ms; {rounds} rounds)")
    return 0 if added <= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
