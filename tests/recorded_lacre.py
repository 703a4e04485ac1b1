"""The `lacre` command, but for one thing: what each run of a twin showed is kept in $LACRE_TEST_RUNS (a pickle)."""

from __future__ import annotations

import atexit
import os
import pickle
from pathlib import Path
from typing import Any

from lacre import observe
from lacre.cli import main
from lacre.observe import Run


def record(path: Path) -> None:
    """Keep every run of a twin, and write them all when the process ends.

    Before `lacre.seal` is imported, which the command does when it needs it.
    """
    runs: list[Run] = []
    original = observe.run_life_cycle

    def recorded(*arguments: Any, **named: Any) -> Run:
        run: Run = original(*arguments, **named)
        runs.append(run)
        return run

    vars(observe)["run_life_cycle"] = recorded
    atexit.register(lambda: path.write_bytes(pickle.dumps(runs)))


if __name__ == "__main__":
    record(Path(os.environ["LACRE_TEST_RUNS"]))
    main()
