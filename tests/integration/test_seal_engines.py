"""Sealing where another runtime than runc starts the containers, and where their users are not the host's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.grounds.engine20 import crun, userns
from tests.integration.test_seal_grounds import IMAGES, works_under_its_seal
from tests.sealing import leftovers, seal
from tests.servers.harness import Server


@pytest.mark.long
def test_nginx_is_sealed_under_crun(test_server: Callable[[str], Server], tmp_path: Path) -> None:
    server = test_server("nginx")
    with crun() as ground:
        ground.load(IMAGES["nginx"])
        sealed = seal(server, tmp_path, docker_host=ground.docker_host, codes=(0,))
        assert not leftovers(ground.docker_host)
        works_under_its_seal(sealed, ground, tmp_path)


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
        works_under_its_seal(sealed, ground, tmp_path)
