"""What one system call costs: bare, beside the sensor, observed, proved, under strace.

Run as root: python benchmarks/syscall_cost.py [ROUNDS]. Prints medians and ratios of one run, in which the
settings take turns. The loop runs in a container without seccomp, which would only hide differences.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from lacre.sensor import Sensor

HERE = Path(__file__).parent
IMAGE = "debian:bookworm-slim"
CALLS = 2_000_000
STRACE_CALLS = 20_000


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@contextmanager
def container(directory: str) -> Iterator[str]:
    name = run(
        *("docker", "run", "-d", "--security-opt", "seccomp=unconfined", "-v", f"{directory}:/bench:ro"),
        *(IMAGE, "sleep", "infinity"),
    )
    try:
        yield name
    finally:
        run("docker", "rm", "-f", name)


@contextmanager
def empty_pair(program: Path) -> Iterator[None]:
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        process.stdout.readline()
        yield
        process.stdin.close()


@contextmanager
def watching(name: str, *, refusals: bool = False) -> Iterator[None]:
    with Sensor(refusals=refusals) as sensor:
        sensor.watch(name)
        yield


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as directory:
        loop, empty = Path(directory, "loop"), Path(directory, "empty")
        run("cc", "-O2", "-static", "-o", str(loop), str(HERE / "syscall_cost_loop.c"))
        run("cc", "-O2", "-o", str(empty), str(HERE / "syscall_cost_empty.c"), "-lbpf")
        with container(directory) as measured, container(directory) as other:
            settings: dict[str, Callable[[], AbstractContextManager[None]]] = {
                "bare": nullcontext,
                "empty enter+exit pair": lambda: empty_pair(empty),
                "observed container": lambda: watching(measured),
                "beside an observed one": lambda: watching(other),
                "proved container": lambda: watching(measured, refusals=True),
                "beside a proved one": lambda: watching(other, refusals=True),
            }
            times: dict[str, list[float]] = {name: [] for name in settings}
            for _ in range(rounds):
                for name, setting in settings.items():
                    with setting():
                        times[name].append(float(run("docker", "exec", measured, "/bench/loop", str(CALLS))))
            if shutil.which("strace"):
                command = ["strace", "-f", "-c", "-o", "/dev/null", str(loop), str(STRACE_CALLS)]
                times["strace -f -c"] = [float(run(*command)) for _ in range(3)]
    medians = {name: statistics.median(values) for name, values in times.items()}
    pair, bare = medians["empty enter+exit pair"], medians["bare"]
    print(f"{'':24}{'ns':>9}{'to bare':>9}{'to pair':>9}")
    for name, value in medians.items():
        print(f"{name:24}{value:9.1f}{value / bare:9.2f}{value / pair:9.2f}")
    if "strace -f -c" in medians:
        cheaper = (medians["strace -f -c"] - bare) / (medians["observed container"] - bare)
        print(f"the sensor's own cost is {cheaper:.0f} times less than strace's")


if __name__ == "__main__":
    main()
