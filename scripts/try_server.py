#!/usr/bin/env python3
"""Tries servers of tests/servers without lacre: `try_server.py NAME...`; `demo` is the demo.

Up, exercise (first), stop and start, exercise (second), the workloads, recreated on its volumes, exercise
(second), down. What fails here is a fault of the test server, not of a seal.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.servers.harness import Deployment, Server, ServerError, server  # noqa: E402


def attempt(name: str) -> None:
    """The whole life of one server; raises ServerError."""
    known = Server("demo", ROOT / "demo", "sh smoke.sh") if name == "demo" else server(name)
    start = time.monotonic()

    def step(text: str) -> None:
        print(f"{time.monotonic() - start:6.1f} s  {name}: {text}", flush=True)

    with Deployment(known.directory, f"try-{name}") as up:
        step("ready")
        try:
            up.exercise(known.exercise, "first")
            step("exercise, first phase")
            up.exercise(known.exercise, "signals")
            up.compose("stop")
            step("stopped")
            up.up()
            up.exercise(known.exercise, "second")
            step("exercise, second phase")
            for workload in known.workloads:
                up.exercise(workload, "second")
                step(workload)
            up.recreate()
            up.exercise(known.exercise, "second")
            step("exercise after the containers were made again")
        except ServerError:
            print(up.logs(), file=sys.stderr)
            raise
    step("gone")


def main(names: list[str]) -> int:
    """0 when every named server passed."""
    failed = []
    for name in names:
        try:
            attempt(name)
        except ServerError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed.append(name)
    print(f"{len(names) - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
