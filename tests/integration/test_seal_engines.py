"""Sealing where another runtime than runc starts the containers, where their users are not the host's, by Compose 5."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grounds.compose5 import VERSION, compose5
from tests.grounds.engine20 import crun, userns
from tests.integration.conftest import BUILT_SECONDS
from tests.integration.test_seal_grounds import IMAGES, works_under_its_seal
from tests.sealing import lacre, leftovers, seal
from tests.servers.harness import Server


@pytest.mark.long
def test_nginx_is_sealed_under_crun(test_server: Callable[[str], Server], tmp_path: Path) -> None:
    server = test_server("nginx")
    with crun() as ground:
        ground.load(IMAGES["nginx"])
        sealed = seal(server, tmp_path, docker_host=ground.docker_host, codes=(0,))
        assert not leftovers(ground.docker_host)
        works_under_its_seal(sealed, tmp_path, ground.docker_host)


@pytest.mark.long
def test_nginx_is_sealed_without_root_where_users_are_remapped(
    test_server: Callable[[str], Server], tmp_path: Path
) -> None:
    server = test_server("nginx")
    with userns() as ground:
        ground.load(IMAGES["nginx"])
        sealed = seal(server, tmp_path, docker_host=ground.docker_host, codes=(0,))
        assert not leftovers(ground.docker_host)
        assert not sealed.seal.services["nginx"].user.root
        works_under_its_seal(sealed, tmp_path, ground.docker_host)


@pytest.mark.long
@pytest.mark.timeout(BUILT_SECONDS)
def test_the_demo_is_sealed_by_compose_5(
    demo: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(compose5()))
    assert VERSION.removeprefix("v") in lacre("doctor", directory=tmp_path).output
    works_under_its_seal(seal(demo, tmp_path, codes=(0,)), tmp_path)
