"""What the audit of a machine with many containers costs, beside `docker inspect` of the same objects and a peer.

    python benchmarks/audit_containers.py [--containers 100] [--images 10] [--rounds 7]
                                          [--docker-bench DIRECTORY] [--peer-rounds 1]

Builds that many small images, starts that many idle containers of them, and then takes turns in one run: `docker
inspect` of every container and image that lacre reports on (the floor), `lacre audit` of the whole machine as a program
of its own, docker-bench-security as its authors run it. Medians are printed, and the ratios. The aim is at most
twice the floor and half a second. What is inside an image is read once in its life: that first audit is timed apart.

The peer is one shell script that is not part of this repository: `git clone
https://github.com/docker/docker-bench-security`, and name the directory, or set DOCKER_BENCH_SECURITY to it. It is
copied to a temporary directory, since it writes its log where it lies. It asks for neither images' files nor /proc.

Whatever else is on the engine is looked at by all three: for quiet figures give it one of its own (DOCKER_HOST).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BASE = "debian:bookworm-slim"
LABEL = "lacre-benchmark=audit"
AIM = "at most 2 times the floor plus 0.5 s"
LACRE = (sys.executable, "-c", "from lacre.cli import main; main()", "audit", "--fail-on", "never")
_FIRST_PORT = 20100  # below those that engines and the kernel give out by themselves
OPTIONS: tuple[tuple[str, ...], ...] = (
    ("--publish", "127.0.0.1:{port}:8080"),
    ("--read-only", "--tmpfs", "/tmp"),
    ("--cap-drop", "ALL", "--user", "1000"),
    ("--memory", "64m", "--pids-limit", "64"),
    ("--volume", "/etc/hostname:/host:ro"),
    ("--env", "MODE=production", "--env", "PASSWORD_FILE=/run/secrets/password"),
    (),
)
"""What the containers are made with, in turn: as differently as those of a real machine."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One run of a program: seconds of wall time, and seconds of a processor (its own and its children's)."""

    wall: float
    processor: float


def docker(*words: str, stdin: str | None = None) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True, input=stdin).stdout


def turn(words: Sequence[str], environment: Mapping[str, str], directory: Path | None = None) -> Turn:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, capture_output=True, env=dict(environment), cwd=directory)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Turn(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


@contextlib.contextmanager
def images(number: int) -> Iterator[list[str]]:
    """Small images, no two alike."""
    made: list[str] = []
    try:
        for one in range(number):
            name = f"lacre-benchmark-audit:{one}"
            text = (
                f"FROM {BASE}\n"
                f"RUN mkdir /srv/{one} && chmod {'0777' if one % 3 else '0755'} /srv/{one}\n"
                f"ENV NUMBER={one} MODE=production\n"
                f'LABEL {LABEL}\nCMD ["sleep", "86400"]\n'
            )
            docker("build", "-q", "-t", name, "-", stdin=text)
            made.append(name)
        yield made
    finally:
        if made:
            docker("rmi", "-f", *made)


@contextlib.contextmanager
def containers(number: int, of: Sequence[str]) -> Iterator[list[str]]:
    made: list[str] = []

    def start(one: int) -> str:
        options = [word.format(port=_FIRST_PORT + one) for word in OPTIONS[one % len(OPTIONS)]]
        return docker("run", "-d", "--label", LABEL, *options, of[one % len(of)]).strip()

    try:
        with ThreadPoolExecutor(2) as pool:
            made.extend(pool.map(start, range(number)))
        yield made
    finally:
        left = docker("ps", "-aq", "--filter", f"label={LABEL}").split()
        if left:
            docker("rm", "-fv", *left)


def subjects() -> tuple[list[str], list[str]]:
    """The containers and the images that lacre looks at: what runs, and what is used or has a name."""
    running = docker("ps", "-q", "--no-trunc").split()
    used = docker("inspect", "--format", "{{.Image}}", *running).split() if running else []
    lines = docker("images", "--no-trunc", "--format", "{{.ID}} {{.Tag}}").splitlines()
    named = [id for id, _, tag in (line.partition(" ") for line in lines) if tag != "<none>"]
    return running, sorted({*used, *named})


def cell(turns: Sequence[Turn]) -> str:
    walls = [one.wall for one in turns]
    used = statistics.median(one.processor for one in turns)
    return (
        f"{statistics.median(walls):8.3f} s (fastest {min(walls):.3f}, slowest {max(walls):.3f}; "
        f"{used:.3f} s of a processor; {len(turns)} rounds)"
    )


def measure(rounds: int, peer: Path | None, peer_rounds: int) -> bool:
    """Print the figures; whether the aim is met."""
    with contextlib.ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory(prefix="lacre-benchmark-"))
        # An installed program has its byte code beside it; a checkout in which none is written has not.
        environment = {
            **os.environ,
            "XDG_CACHE_HOME": cache,
            "NO_COLOR": "1",
            "PYTHONPYCACHEPREFIX": f"{cache}/code",
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        first = turn(LACRE, environment)
        names, references = subjects()
        print(f"{len(names)} containers, {len(references)} images, the engine and its host; load {load()}")
        print(f"the first audit, which reads each image's files:  {first.wall:.1f} s")
        floors, audits, peers = [], [], []
        copied = stack.enter_context(copy_of(peer)) if peer is not None else None
        for number in range(rounds):
            floors.append(turn(("docker", "inspect", *names, *references), environment))
            audits.append(turn(LACRE, environment))
            if copied is not None and number >= rounds - peer_rounds:
                words = ("bash", "docker-bench-security.sh", "-b", "-l", "bench.log")
                peers.append(turn(words, environment, copied))
    floor, whole = (statistics.median(one.wall for one in turns) for turns in (floors, audits))
    fastest = min(one.wall for one in audits), 2 * min(one.wall for one in floors) + 0.5
    aim = 2 * floor + 0.5
    met = whole <= aim
    print(f"docker inspect of the same objects       {cell(floors)}")
    print(f"lacre audit                              {cell(audits)}")
    if peers:
        print(f"docker-bench-security                    {cell(peers)}")
        times = statistics.median(one.wall for one in peers) / whole
        print(f"lacre audit is {times:.0f} times as fast as docker-bench-security")
    else:
        print("docker-bench-security                    not at hand (--docker-bench, DOCKER_BENCH_SECURITY)")
    print(
        f"lacre audit takes {whole / floor:.2f} times the floor; aim {aim:.3f} s ({AIM}): "
        f"{'met' if met else 'missed'}; of the fastest rounds {fastest[0]:.3f} s, aim {fastest[1]:.3f} s; load {load()}"
    )
    return met


@contextlib.contextmanager
def copy_of(peer: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="lacre-benchmark-") as name:
        shutil.copytree(peer, name, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
        yield Path(name)


def load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


def main() -> int:
    at_hand = os.environ.get("DOCKER_BENCH_SECURITY")
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--containers", type=int, default=100)
    parser.add_argument("--images", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--docker-bench", type=Path, default=Path(at_hand) if at_hand else None)
    parser.add_argument("--peer-rounds", type=int, default=1, help="it takes minutes a round")
    given = parser.parse_args()
    if given.docker_bench is not None and not (given.docker_bench / "docker-bench-security.sh").is_file():
        parser.error(f"{given.docker_bench} holds no docker-bench-security.sh")
    with images(given.images) as made, containers(given.containers, made):
        return 0 if measure(given.rounds, given.docker_bench, given.peer_rounds) else 1


if __name__ == "__main__":
    raise SystemExit(main())
