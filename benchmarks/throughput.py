"""What watching costs a server: redis-benchmark and ab under none, the sensor and strace, turn by turn in one run.

For each setting the median of the requests per second and of the CPU seconds that the server's container
spends on 100,000 requests (its control group, so what strace itself burns on the host comes on top).

Needs root, Docker, and the images of tests/servers (`make test` builds them). Debian has the programs in
redis-tools, apache2-utils and strace; what is missing is left out, and said.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from lacre.engine import Engine
from lacre.sensor import Sensor

ROUNDS = 5
STRACE_SHARE = 20  # strace gets that much less to do: it would take minutes otherwise
PER = 100_000  # requests for which CPU seconds are given


def run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout.strip()


@dataclass(frozen=True)
class Load:
    """A server and the program that asks it: `ask(address, count)` gives requests per second."""

    name: str
    program: str
    package: str
    image: str
    command: tuple[str, ...]
    port: int
    requests: int
    ask: Callable[[str, int], float]


def redis_benchmark(address: str, count: int) -> float:
    """SET and GET, `count` of both together, 50 connections."""
    said = run(
        *("redis-benchmark", "-h", address, "-t", "set,get", "-n", str(count // 2), "-c", "50", "--csv"),
    )
    rates = [float(row[1]) for row in csv.reader(io.StringIO(said)) if row and row[0] in {"SET", "GET"}]
    assert len(rates) == 2, said
    return 2 / sum(1 / rate for rate in rates)


def ab(address: str, count: int) -> float:
    """GET of a small page, 20 connections that are kept alive."""
    said = run("ab", "-q", "-k", "-n", str(count), "-c", "20", f"http://{address}/")
    failed = re.search(r"Failed requests:\s+(\d+)", said)
    rate = re.search(r"Requests per second:\s+([\d.]+)", said)
    assert rate and failed and failed[1] == "0", said
    return float(rate[1])


LOADS = (
    Load(
        "redis-benchmark", "redis-benchmark", "redis-tools", "lacre-test/redis",
        ("redis-server", "--protected-mode", "no", "--save", ""), 6379, 200_000, redis_benchmark,
    ),
    Load("ab", "ab", "apache2-utils", "lacre-test/nginx", (), 80, 100_000, ab),
)  # fmt: skip


@contextmanager
def container(engine: Engine, load: Load) -> Iterator[str]:
    name = run("docker", "run", "-d", "--label", "lacre-benchmark=throughput", load.image, *load.command)
    try:
        deadline = time.monotonic() + 30
        while not accepts(address_of(engine, name), load.port):  # redis-benchmark hangs where nothing listens
            assert time.monotonic() < deadline, f"{load.image} does not listen on {load.port}"
            time.sleep(0.1)
        yield name
    finally:
        run("docker", "rm", "-f", "-v", name)


def accepts(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def address_of(engine: Engine, name: str) -> str:
    return str(engine.inspect(name)["NetworkSettings"]["IPAddress"])


def cpu_seconds(engine: Engine, name: str) -> float:
    """What the container has used until now, by the engine's count of its control group."""
    told = engine.api.stats(name, stream=False, one_shot=True)
    return float(told["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


@contextmanager
def sensor(name: str, *, refusals: bool) -> Iterator[None]:
    with Sensor(refusals=refusals) as watching:
        watching.watch(name)
        yield


@contextmanager
def strace(engine: Engine, name: str) -> Iterator[None]:
    pids = [row[1] for row in engine.api.top(name)["Processes"]]
    command = ["strace", "-f", "-c", "-o", os.devnull, *(word for pid in pids for word in ("-p", str(pid)))]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as tracer:
        try:
            deadline = time.monotonic() + 10
            while not all(traced(pid) for pid in pids):
                assert time.monotonic() < deadline, "strace does not attach (ptrace refused?)"
                time.sleep(0.05)
            yield
        finally:
            tracer.terminate()


def traced(pid: str) -> bool:
    return "TracerPid:\t0\n" not in Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")


@dataclass
class Measured:
    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)


def measure(engine: Engine, load: Load, rounds: int, share: float) -> dict[str, Measured]:
    """All settings in turn, `rounds` times."""
    with container(engine, load) as name:
        address = address_of(engine, name)
        settings: dict[str, tuple[int, Callable[[], AbstractContextManager[None]]]] = {
            "none": (1, nullcontext),
            "sensor, observing": (1, lambda: sensor(name, refusals=False)),
            "sensor, proving": (1, lambda: sensor(name, refusals=True)),
        }
        if shutil.which("strace"):
            settings["strace -f -c"] = (STRACE_SHARE, lambda: strace(engine, name))
        measured = {setting: Measured() for setting in settings}
        for _ in range(rounds):
            for setting, (less, entered) in settings.items():
                count = max(1000, int(load.requests * share / less))
                with entered():
                    before = cpu_seconds(engine, name)
                    measured[setting].rates.append(load.ask(address, count))
                    spent = cpu_seconds(engine, name) - before
                measured[setting].cpu.append(spent / count * PER)
    return measured


def show(load: Load, measured: dict[str, Measured]) -> None:
    bare_rate, bare_cpu = (
        statistics.median(values) for values in (measured["none"].rates, measured["none"].cpu)
    )
    print(f"{load.name:18}{'requests/s':>12}{'to none':>9}{f'CPU s per {PER:,}':>20}{'to none':>9}")
    for setting, values in measured.items():
        rate, cpu = statistics.median(values.rates), statistics.median(values.cpu)
        print(f"{setting:18}{rate:12,.0f}{rate / bare_rate:9.2f}{cpu:20.2f}{cpu / bare_cpu:9.2f}")
    print()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--rounds", type=int, default=ROUNDS, help=f"turns of each setting (default {ROUNDS})"
    )
    parser.add_argument(
        "--share", type=float, default=1.0, help="part of the usual number of requests (default 1)"
    )
    parser.add_argument("loads", nargs="*", metavar="LOAD", help=", ".join(load.name for load in LOADS))
    given = parser.parse_args(arguments)
    known = {load.name: load for load in LOADS}
    if unknown := [name for name in given.loads if name not in known]:
        parser.error(f"no such load: {', '.join(unknown)}")
    if os.geteuid() != 0:
        print("skipped: the sensor and strace need root", file=sys.stderr)
        return 2
    if not shutil.which("strace"):
        print("without strace: it is not installed (apt install strace)", file=sys.stderr)
    done = 0
    with Engine() as engine:
        images = {tag for image in engine.api.images() for tag in image.get("RepoTags") or ()}
        for load in [known[name] for name in given.loads] or LOADS:
            if not shutil.which(load.program):
                print(f"{load.name} skipped: apt install {load.package}", file=sys.stderr)
            elif f"{load.image}:latest" not in images:
                print(f"{load.name} skipped: no image {load.image} (make test builds it)", file=sys.stderr)
            else:
                show(load, measure(engine, load, given.rounds, given.share))
                done += 1
    return 0 if done else 2


if __name__ == "__main__":
    raise SystemExit(main())
