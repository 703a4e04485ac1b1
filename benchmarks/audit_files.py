"""How many small files `lacre audit` reads and checks a second, on one core, beside reading them with PyYAML alone.

Target: at least 200 files a second (docs/decisions/0060-audit-of-files.md). The files are made here, no two alike.

    python benchmarks/audit_files.py [FILES]
"""

from __future__ import annotations

import datetime
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from yaml.cyaml import CSafeLoader

from lacre.audit.files import audit_files
from lacre.audit.find import find
from lacre.audit.hiding import Hiding
from lacre.audit.registry import CHECKS
from lacre.audit.score import groups
from lacre.report import audit_json

TARGET = 200.0  # files a second
FILES = 1000
ROUNDS = 3


def compose(chance: random.Random) -> str:
    """A Compose file as people write them: two to six services, some of it shared by an anchor."""
    lines = ["x-common: &common", "  restart: unless-stopped", "  logging: {driver: local}", "services:"]
    for number in range(chance.randint(2, 6)):
        lines += [
            f"  service{number}:",
            "    <<: *common",
            f"    image: registry.example/app{chance.randint(1, 99)}:{chance.randint(1, 9)}.{chance.randint(0, 30)}",
            "    environment:",
            *(f"      - VARIABLE_{n}={chance.randint(0, 1 << 30)}" for n in range(chance.randint(1, 8))),
            "      - DATABASE_URL=postgres://app:${PASSWORD}@db/app",
            f'    ports: ["{chance.randint(1024, 60000)}:80"]',
            "    volumes:",
            f"      - ./data{number}:/data",
            f"      - volume{number}:/var/lib/app:ro",
        ]
        if chance.random() < 0.3:
            lines.append("    volumes_from: [service0]" if number else "    privileged: true")
    return "\n".join([*lines, "volumes:", *(f"  volume{n}: {{}}" for n in range(6)), ""])


def dockerfile(chance: random.Random) -> str:
    """A Dockerfile of two stages."""
    packages = " ".join(chance.sample(["curl", "git", "make", "gcc", "nginx", "python3", "sudo", "vim"], 4))
    return f"""FROM golang:1.{chance.randint(10, 23)} AS build
WORKDIR /src
COPY . .
RUN go build -ldflags "-X main.version={chance.randint(0, 999)}" -o /app ./cmd/app
FROM debian:12
ENV PORT={chance.randint(1024, 9999)} MODE=production
RUN apt-get update \\
 && apt-get install -y --no-install-recommends {packages} \\
 # lists are not kept
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /usr/local/bin/app
EXPOSE {chance.randint(1024, 9999)}
CMD ["app", "--port", "{chance.randint(1024, 9999)}"]
"""


def make(folder: Path, files: int) -> int:
    """Write the files, half of each kind; returns their size in bytes."""
    chance = random.Random(11)  # noqa: S311 - the same files in every run
    size = 0
    for number in range(files):
        where = folder / f"project{number:05}"
        where.mkdir()
        name, text = ("Dockerfile", dockerfile(chance)) if number % 2 else ("compose.yaml", compose(chance))
        size += (where / name).write_text(text)
    return size


def rate(files: int, work: Callable[[], object]) -> float:
    """Files a second, the best of some rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return files / best


def main() -> int:
    """Measure, print side by side, and fail when the target is missed."""
    files = int(sys.argv[1]) if len(sys.argv) > 1 else FILES
    with tempfile.TemporaryDirectory(prefix="lacre-benchmark-") as name:
        folder = Path(name)
        size = make(folder, files)
        today = datetime.date(2026, 1, 1)

        def whole() -> None:
            report = audit_files(find([folder]), CHECKS, Hiding(today))
            audit_json.render(report, {check.id: check for check in CHECKS})
            groups(report.open, {check.id: check for check in CHECKS})

        def floor() -> None:
            for path in folder.glob("*/compose.yaml"):
                yaml.load(path.read_text(), Loader=CSafeLoader)

        print(
            f"{files} files, {size / files:.0f} bytes each, {len(CHECKS)} checks, one core, best of {ROUNDS}"
        )
        found = rate(files, whole)
        print(f"lacre audit, with the JSON report   {found:8.0f} files/s")
        print(f"PyYAML's C loader alone (Compose)   {rate((files + 1) // 2, floor):8.0f} files/s")
        print(f"target                              {TARGET:8.0f} files/s")
    return 0 if found >= TARGET else 1


if __name__ == "__main__":
    raise SystemExit(main())
