"""Mounts that are never written: shut where nobody could write there anyway, else only named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.sealing import deployed, not_in_force, seal
from tests.servers.harness import Server

COMPOSE = """
services:
  web:
    image: lacre-test/nginx
    volumes:
      - ./site:/usr/share/nginx/html
      - {type: bind, source: ./shared, target: /srv/shared}
      - data:/srv/data
volumes: {data: {}}
"""
EXERCISE = """
set -eu
curl -fsS -m 10 "http://$LACRE_WEB_80/" | grep -q 'on the host'
"""


def test_mounts_that_nobody_could_write_become_read_only(
    test_server: Callable[[str], Server], tmp_path: Path
) -> None:
    test_server("nginx")  # its image
    directory = tmp_path / "project"
    (directory / "site").mkdir(parents=True)
    (directory / "site" / "index.html").write_text("on the host\n")
    (directory / "shared").mkdir()
    (directory / "shared").chmod(0o777)
    (directory / "compose.yaml").write_text(COMPOSE)
    (directory / "exercise.sh").write_text(EXERCISE)
    sealed = seal(Server("project", directory), tmp_path / "sealing")
    assert sealed.main.filesystem.read_only_mounts == ("/srv/data", "/usr/share/nginx/html")
    assert any("could be mounted read-only: /srv/shared" in note for note in sealed.main.notes)
    assert sealed.seal.trials == 1
    with deployed(sealed, "sealed-mounts", tmp_path) as up:
        up.exercise(sealed.server.exercise)
        (container,) = up.containers()
        assert not not_in_force(container, sealed.main)
        modes = {mount["Destination"]: mount["RW"] for mount in container["Mounts"]}
        assert modes == {"/srv/data": False, "/usr/share/nginx/html": False, "/srv/shared": True}
