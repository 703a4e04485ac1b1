"""What the audit of running containers costs: milliseconds a container, and beside it what looking alone costs.

    python benchmarks/audit_containers.py [NUMBER...]

Starts that many idle containers (1 and 20 unless numbers are given), audits them once as a program of its own and a few
times in this process, and runs one `docker inspect` of the same containers as the floor. The aim is at most twice the
floor and half a second for the program. Reading an image's files happens once in its life, and is timed apart.
"""

from __future__ import annotations

import datetime
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from lacre.audit import collect
from lacre.audit.collect import Wanted
from lacre.audit.hiding import Hiding
from lacre.audit.kept import Kept
from lacre.audit.machine import audit_machine
from lacre.audit.registry import CHECKS
from lacre.engine import Engine

IMAGE = "debian:bookworm-slim"
LABEL = "lacre-benchmark=audit"
TIMES = 5


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def middle(work: Callable[[], object]) -> float:
    return statistics.median(seconds(work) for _ in range(TIMES))


def measure(names: Sequence[str]) -> None:
    def command() -> None:
        words = [word for name in names for word in ("--container", name)]
        program = [
            sys.executable,
            "-c",
            "from lacre.cli import main; main()",
            "audit",
            "--fail-on",
            "never",
            *words,
        ]
        subprocess.run(program, check=True, capture_output=True)

    def inside() -> None:
        with Engine() as engine:
            machine = collect.machine(
                engine, Wanted(containers=tuple(names)), Kept(None), trust="", say=lambda _: None
            )
        report = audit_machine(machine, CHECKS, Hiding(datetime.date.today()))
        assert len({answer.subject for answer in report.answers}) == len(names)

    def processor() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command()
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    floor, whole, part = middle(lambda: docker("inspect", *names)), middle(command), middle(inside)
    each, used = 1000 / len(names), min(processor() for _ in range(TIMES))
    aim = 2 * floor + 0.5
    print(
        f"{len(names):4} containers: docker inspect {floor * each:6.1f} ms a container, "
        f"lacre audit {whole * each:6.1f} ms ({whole / floor:.1f} times), without its start {part * each:6.1f} ms; "
        f"whole {whole:.2f} s ({used:.2f} s of a processor), "
        f"aim {aim:.2f} s: {'met' if whole <= aim else 'missed'}"
    )


def first_reading() -> None:
    def read() -> None:
        with Engine() as engine:
            (image,) = collect.machine(
                engine, Wanted(images=(IMAGE,)), Kept(None), trust="", say=lambda _: None
            ).images
        assert image.contents is not None

    print(f"the first reading of {IMAGE}, with its layers: {seconds(read):.1f} s; it is kept afterwards")


def main(numbers: Sequence[int]) -> None:
    made: list[str] = []
    try:
        for number in sorted(numbers):
            while len(made) < number:
                made.append(docker("run", "-d", "--label", LABEL, IMAGE, "sleep", "3600").strip())
            measure(made[:number])
        first_reading()
    finally:
        for name in made:
            docker("rm", "-fv", name)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [1, 20])
