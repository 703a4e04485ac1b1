"""What only an image from a registry shows, and only an engine that remaps users: the registry is the test's own."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from lacre.audit import collect
from lacre.audit.collect import Machine, Wanted
from lacre.audit.kept import Kept
from lacre.audit.model import Verdict
from lacre.audit.registry import CHECKS
from lacre.audit.run import of_container, of_image
from lacre.engine.reader import reader
from tests.grounds.engine20 import userns
from tests.integration.engine_fixtures import docker

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def packed() -> bytes:
    """A tar with one empty file."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    return made.getvalue()


def digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True)
class Served:
    """One image as a registry has it: an old one, with a health check."""

    manifest: bytes
    blobs: dict[str, bytes]

    @classmethod
    def make(cls) -> Served:
        layer = packed()
        zipped = gzip.compress(layer, mtime=0)
        config = {
            "architecture": "amd64", "os": "linux", "created": "2020-01-01T00:00:00Z",
            "config": {"Cmd": ["/nothing"], "Healthcheck": {"Test": ["CMD", "/nothing"]}},
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
            "history": [{"created": "2020-01-01T00:00:00Z", "created_by": "nobody"}],
        }  # fmt: skip
        words = json.dumps(config).encode()
        manifest = {
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": cls._part("application/vnd.docker.container.image.v1+json", words),
            "layers": [cls._part("application/vnd.docker.image.rootfs.diff.tar.gzip", zipped)],
        }  # fmt: skip
        return cls(json.dumps(manifest).encode(), {digest(words): words, digest(zipped): zipped})

    @staticmethod
    def _part(kind: str, data: bytes) -> dict[str, Any]:
        return {"mediaType": kind, "size": len(data), "digest": digest(data)}


@contextmanager
def registry(served: Served) -> Iterator[str]:
    """The name of a repository of this host whose every tag is that image; what an engine needs to pull, no more."""

    class Answers(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            last = self.path.rpartition("/")[2]
            if self.path == "/v2/":
                self._say(200, b"{}", "application/json")
            elif "/manifests/" in self.path:
                self._say(200, served.manifest, MANIFEST)
            elif last in served.blobs:
                self._say(200, served.blobs[last], "application/octet-stream")
            else:
                self._say(404, b"", "text/plain")

        def do_HEAD(self) -> None:
            self.do_GET()

        def _say(self, status: int, body: bytes, kind: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Docker-Content-Digest", digest(body))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}/lacre-audit-pulled"
        server.shutdown()


def look(wanted: Wanted, environment: dict[str, str] | None = None) -> Machine:
    with reader(environment) as client:
        return collect.machine(client, wanted, Kept(None), trust="", say=lambda _: None)


def test_an_image_of_a_registry_is_judged_by_its_name(engine: str) -> None:
    """By a tag that moves, and by its digest; the image itself is old, and has a health check."""
    served = Served.make()
    with registry(served) as name:
        tagged, pinned = f"{name}:latest", f"{name}@{digest(served.manifest)}"
        docker("pull", tagged)
        boxes = [docker("create", image).strip() for image in (tagged, pinned)]
        try:
            machine = look(Wanted(containers=tuple(boxes), images=(tagged,)))
        finally:
            docker("rm", *boxes)
            docker("rmi", tagged)
    by_tag, by_digest = (
        {answer.check: answer.verdict for answer in of_container(box, CHECKS)} for box in machine.containers
    )
    for check in ("LC421", "LC541"):
        assert by_tag[check] is Verdict.FAILS, check
        assert by_digest[check] is Verdict.PASSES, check
    (image,) = machine.images
    told = {answer.check: answer.verdict for answer in of_image(image, CHECKS)}
    assert told["LC404"] is Verdict.FAILS
    assert told["LC527"] is Verdict.PASSES


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A file that `docker import` takes."""
    file = tmp_path / "empty.tar"
    file.write_bytes(packed())
    return file


def test_who_opts_out_of_the_remapping_of_users_is_told(empty: Path) -> None:
    with userns() as ground:
        ground.docker("import", str(empty), "lacre-audit-empty")
        made = tuple(
            ground.docker("create", *words, "lacre-audit-empty", "/nothing").strip()
            for words in ((), ("--userns=host",))
        )
        machine = look(Wanted(containers=made), {"DOCKER_HOST": ground.docker_host})
    remapped, host = (
        next(answer.verdict for answer in of_container(box, CHECKS) if answer.check == "LC531")
        for box in machine.containers
    )
    assert (remapped, host) == (Verdict.PASSES, Verdict.FAILS)
