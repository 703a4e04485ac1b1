"""The engine package on Docker 26, with either image store, in a mount namespace of its own."""

from __future__ import annotations

import os
import textwrap
from pathlib import Path

import pytest

from lacre.engine import Compose, Engine, Twin, leftovers
from tests.grounds import Engine26
from tests.integration.engine_fixtures import IMAGE


@pytest.mark.parametrize("store", ["ground_b", "ground_c"])
def test_a_twin_lives_on_docker_26(store: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    ground: Engine26 = request.getfixturevalue(store)
    ground.load([IMAGE])
    environment = {**os.environ, "DOCKER_HOST": ground.docker_host}
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_text("f\n")
    (tmp_path / "compose.yaml").write_text(
        textwrap.dedent(f"""
        services:
          one:
            image: {IMAGE}
            command: sh -c 'for f in /v/f /x/f /new /d/f; do echo x >> $$f; done; exec sleep 600'
            stop_grace_period: 0s
            mem_limit: 64m
            volumes: [vol:/v, /x, ./d:/d]
            healthcheck: {{test: "test -e /new", interval: 1s}}
          two: {{image: {IMAGE}, command: "true", depends_on: {{one: {{condition: service_healthy}}}}}}
        volumes: {{vol: {{}}}}
        """)
    )
    compose = Compose(environment)
    with Engine(environment) as engine:
        assert engine.info().version.startswith("26")
        image = engine.image(IMAGE)
        assert image.layers == Engine().image(IMAGE).layers
        assert image.tree == Engine().image(IMAGE).tree
        with Twin(engine, compose, compose.resolve([tmp_path / "compose.yaml"])) as twin:
            twin.create()
            assert twin.start().ok
            one = twin.of("one").id
            assert engine.get_file(one, "/d/f") == b"f\nx\n"
            assert "/new" in {change.path for change in engine.changed(one)}
            assert (engine.peaks(one).memory or 0) > 0
            assert twin.address("one")
            assert {stopped.exit_code for stopped in twin.stop()} == {0, 137}
            twin.recreate()
            assert twin.start().ok
            one = twin.of("one").id
            assert [engine.get_file(one, path) for path in ("/v/f", "/x/f", "/new")] == [
                b"x\nx\n",
                b"x\nx\n",
                b"x\n",
            ]
        assert leftovers(engine) == ()
    assert (tmp_path / "d" / "f").read_text() == "f\n"
