"""The sealed servers of a directory as a fleet: brought up and put to work, on whatever ground this runs.

    python3 -m tests.integration.workloads DIRECTORY up|first|second|down

Each directory below DIRECTORY that has a `sealed/` is a project; `exercise` in it holds its command line. Prints
a line for each, and ends with 1 if one of them failed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.servers.harness import Deployment, ServerError

FILES = ("compose.yaml", "sealed/compose.sealed.yaml")
READY_SECONDS = 300  # under TCG everything takes ten times as long


def fleet(directory: Path) -> list[Deployment]:
    return [
        Deployment(place.parent, f"fleet-{place.parent.name}", FILES, ready_timeout=READY_SECONDS)
        for place in sorted(directory.glob("*/sealed"))
    ]


def act(up: Deployment, what: str) -> None:
    if what == "up":
        up.up()
    elif what == "down":
        up.down()
    else:
        up.exercise((up.directory / "exercise").read_text().strip(), what)


def main() -> int:
    failed = 0
    for up in fleet(Path(sys.argv[1])):
        try:
            act(up, sys.argv[2])
        except ServerError as error:
            failed += 1
            print(f"{up.project} {sys.argv[2]} FAILED: {str(error)[-1500:]}", flush=True)
        else:
            print(f"{up.project} {sys.argv[2]} ok", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
