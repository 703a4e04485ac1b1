"""Grounds by hand: `python -m tests.grounds B` (or C, E, crun, userns; Ctrl-C ends it), `... D COMMAND...`."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Sequence

from tests.grounds import engine20
from tests.grounds.cache import GroundError
from tests.grounds.engine26 import Engine26, Store
from tests.grounds.engine29 import Engine29
from tests.grounds.machine import Machine

STORES: dict[str, Store] = {"B": "overlay2", "C": "containerd"}


def serve(ground: Engine26) -> int:
    """Keep one of the further engines up until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with ground as engine:
            print(f"export DOCKER_HOST={engine.docker_host}", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        pass
    return 0


def run(commands: Sequence[str]) -> int:
    """Run commands in the virtual machine; the first exit code that is not 0."""
    code = 0
    with Machine() as machine:
        machine.put_lacre()
        for command in commands:
            start = time.monotonic()
            done = machine.run(command)
            print(f"{time.monotonic() - start:6.1f} s  {command}\n{done.output}", end="", flush=True)
            code = code or done.code
    return code


def main(arguments: Sequence[str]) -> int:
    """Choose by name."""
    try:
        match arguments:
            case ["B" | "C" as name]:
                return serve(Engine26(STORES[name]))
            case ["E"]:
                return serve(Engine29())
            case ["crun"]:
                return serve(engine20.crun())
            case ["userns"]:
                return serve(engine20.userns())
            case ["D", *commands]:
                return run(commands)
    except GroundError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("usage: python -m tests.grounds B | C | E | crun | userns | D COMMAND...", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
