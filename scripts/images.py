#!/usr/bin/env python3
"""Builds the images of the demo and of the servers under tests/servers: `images.py [NAME...]`.

Every directory with a Dockerfile below demo/ and tests/servers/ is one image: `demo/web` becomes
`lacre-demo/web`, `tests/servers/redis/image` becomes `lacre-test/redis`, and any other directory of a server
`lacre-test/SERVER-DIRECTORY`. An image carries a label with the hash of its context and of its base image, so
that unchanged ones are skipped. NAME is `demo` or a server; without any, all are built.

Only the standard library: the scripts run before the virtual environment is there. The classic builder is
used, since it builds in the host's network by itself; BuildKit is not part of Debian's docker.io.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LABEL = "test.lacre.context"
BASE = "debian:bookworm-slim"


@dataclass(frozen=True)
class Image:
    """An image that can be built: `tag` from the files under `context`."""

    tag: str
    context: Path

    def base(self) -> str:
        """The image that this one starts FROM."""
        for line in (self.context / "Dockerfile").read_text().splitlines():
            if line.startswith("FROM "):
                return line.split()[1]
        raise SystemExit(f"error: {self.context}/Dockerfile has no FROM")


def images(names: Sequence[str]) -> list[Image]:
    """The images of the named servers (`demo` counts as one), or of all."""
    found = [
        Image(f"lacre-demo/{file.parent.name}", file.parent)
        for file in sorted(ROOT.glob("demo/*/Dockerfile"))
    ] * (not names or "demo" in names)
    for file in sorted(ROOT.glob("tests/servers/*/*/Dockerfile")):
        server, part = file.parts[-3:-1]
        if not names or server in names:
            found.append(Image(f"lacre-test/{server}" + ("" if part == "image" else f"-{part}"), file.parent))
    return found


def docker(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the docker client, with the classic builder."""
    return subprocess.run(
        ["docker", *arguments],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"DOCKER_BUILDKIT": "0", "BUILDKIT_PROGRESS": "plain"},
    )


def layers(reference: str) -> str | None:
    """What an image consists of; its id differs between engines, this does not. None: not there."""
    shown = docker("image", "inspect", reference)
    return json.dumps(json.loads(shown.stdout)[0]["RootFS"]) if shown.returncode == 0 else None


def label(reference: str) -> str | None:
    """The context's hash that an image was built from."""
    shown = docker("image", "inspect", "-f", '{{index .Config.Labels "' + LABEL + '"}}', reference)
    return shown.stdout.strip() if shown.returncode == 0 else None


def key(image: Image, base: str) -> str:
    """A hash of everything that goes into an image, but for the packages that Debian serves that day."""
    digest = hashlib.sha256(base.encode())
    for file in sorted(f for f in image.context.rglob("*") if f.is_file()):
        digest.update(f"{file.relative_to(image.context)} {file.stat().st_mode & 0o111:o}\n".encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:20]


def build(image: Image) -> str | None:
    """Build one image unless it is there; the error as text, or None."""
    base = layers(image.base())
    if base is None:
        return f"{image.tag}: its base {image.base()} is not there; run scripts/setup.sh"
    wanted = key(image, base)
    if label(image.tag) == wanted:
        return None
    start = time.monotonic()
    print(f"==> building {image.tag}", file=sys.stderr, flush=True)
    done = docker(
        "build", "--network", "host", "--force-rm", "--label", f"{LABEL}={wanted}", "-t", image.tag,
        str(image.context),
    )  # fmt: skip
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        return f"{image.tag}: docker build of {image.context.relative_to(ROOT)} failed:\n{tail}"
    print(f"==> built {image.tag} in {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return None


def in_order(wanted: Sequence[Image]) -> Iterator[list[Image]]:
    """Batches in which no image is built on another one of its own batch."""
    ours = {image.tag for image in wanted}
    first = [image for image in wanted if image.base() not in ours]
    yield first
    yield [image for image in wanted if image.base() in ours]


def main(names: Sequence[str]) -> int:
    """Build what was asked for; 0 when all of it is there."""
    wanted = images(names)
    known = {"demo"} | {file.parent.name for file in ROOT.glob("tests/servers/*/compose.yaml")}
    if unknown := [name for name in names if name not in known]:
        print(
            f"error: no such server: {', '.join(unknown)} (known: {', '.join(sorted(known))})",
            file=sys.stderr,
        )
        return 2
    errors: list[str] = []
    for batch in in_order(wanted):
        with ThreadPoolExecutor(max_workers=2) as pool:
            errors += [error for error in pool.map(build, batch) if error]
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
