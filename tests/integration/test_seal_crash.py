"""A service with a restart policy is killed at the end of its life, and must come back under the seal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lacre.observe import Phase
from tests.sealing import SealedServer, seal
from tests.servers.harness import Server

NGINX = """
services:
  web:
    image: lacre-test/nginx
    restart: unless-stopped
  aside:
    image: lacre-test/nginx
"""
# Leaves a lock behind when it is killed, and does not start where there is one.
LOCKS = """
services:
  web:
    image: debian:bookworm-slim
    restart: "on-failure:2"
    command:
      - sh
      - -c
      - |
        test ! -e /var/lock/it || exit 1
        touch /var/lock/it
        trap 'rm /var/lock/it; exit 0' TERM
        while :; do sleep 0.1; done
"""
# Recovers after a crash only, and writes to do so where it never writes else.
RECOVERS = """
services:
  web:
    image: debian:bookworm-slim
    restart: always
    volumes: ["data:/data"]
    command:
      - sh
      - -ec
      - |
        test ! -e /data/dirty || { mkdir -p /srv/recovery; touch /srv/recovery/journal; }
        touch /data/dirty
        trap 'rm /data/dirty; exit 0' TERM
        while :; do sleep 0.1; done
volumes: {data: {}}
"""


def sealed(text: str, exercise: str, parent: Path) -> SealedServer:
    directory = parent / "project"
    directory.mkdir()
    (directory / "compose.yaml").write_text(text)
    return seal(Server("project", directory, exercise), parent / "sealing")


def test_who_came_back_after_a_crash_comes_back_under_the_seal(
    test_server: Callable[[str], Server], tmp_path: Path
) -> None:
    test_server("nginx")  # its image
    found = sealed(NGINX, 'curl -fsS -m 10 "http://$LACRE_WEB_80/"', tmp_path)
    assert found.baseline.recovered == {"web"}
    (proof,) = found.proofs
    assert proof.recovered == {"web"}
    assert Phase.CRASH in proof.phases
    assert found.baseline.stopped == proof.stopped
    assert any("start after a crash" in answer.question for answer in proof.responses["web"])


@pytest.mark.long
def test_what_only_a_crash_calls_for_is_granted(engine: str, tmp_path: Path) -> None:
    found = sealed(RECOVERS, "true", tmp_path)
    (grant,) = (grant for grant in found.main.filesystem.grants if grant.what == "/srv/recovery")
    assert grant.phase == Phase.CRASH
    assert found.seal.trials == 1


@pytest.mark.long
def test_who_does_not_recover_without_a_seal_is_not_killed_under_it(engine: str, tmp_path: Path) -> None:
    found = sealed(LOCKS, "true", tmp_path)
    assert not found.baseline.recovered
    assert any(said.startswith("a crash: fails without a seal too") for said in found.baseline.skipped)
    assert all(Phase.CRASH not in run.phases for run in found.runs)
