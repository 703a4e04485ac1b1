"""The twin that is attacked has the tool and the neighbour, and nothing of the project is put away for them."""

from __future__ import annotations

from typing import Any

import pytest

from lacre.attacks.stage import NEIGHBOUR, TOOL, VOLUME, inside, staged
from lacre.errors import TargetError
from tests.unit.report.samples import PROJECT


def config(**changed: Any) -> dict[str, Any]:
    return {"services": {"web": {"image": "web", **changed}}, "networks": {"front": None, "back": None}}


def test_every_service_has_the_tool_and_the_neighbour_a_network() -> None:
    project, staged_config = staged(PROJECT, config(volumes=[{"type": "volume", "target": "/data"}]))
    services = staged_config["services"]
    assert [mount["target"] for mount in services["web"]["volumes"]] == ["/data", TOOL]
    assert services["web"]["volumes"][-1]["read_only"]
    assert services[NEIGHBOUR]["networks"] == {"back": None}
    assert NEIGHBOUR in project.services


def test_what_was_handed_over_stays_as_it_was() -> None:
    given = config()
    staged(PROJECT, given)
    assert given == config()


@pytest.mark.parametrize(
    "taken",
    [
        {**config(), "services": {NEIGHBOUR: {"image": "web"}}},
        {**config(), "volumes": {VOLUME: None}},
        config(volumes=[{"type": "volume", "source": "mine", "target": TOOL + "/"}]),
        config(tmpfs=[TOOL + ":size=1m"]),
    ],
)
def test_a_project_that_has_those_names_itself_is_refused_in_words(taken: dict[str, Any]) -> None:
    with pytest.raises(TargetError) as refused:
        staged(PROJECT, taken)
    assert "lacre" in refused.value.happened


def test_words_that_json_cannot_carry_are_spelled() -> None:
    _, *words = inside("gains", "/usr/bin/a\nb", "/bin/raw\udcff", "C:\\x41", "é")
    assert words == ["gains", "/usr/bin/a\nb", "/bin/raw\\xff", "C:\\\\x41", "é"]
