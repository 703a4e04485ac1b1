from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from lacre.engine import ImageInfo, project_from_config
from lacre.observe.health import seconds, with_quick_health_checks


def check(said: dict[str, Any] | None, longest: float = math.inf, **image: Any) -> Any:
    service: dict[str, Any] = {"image": "x"}
    if said is not None:
        service["healthcheck"] = said
    project = project_from_config({"name": "p", "services": {"web": service}}, directory=Path("/p"))
    if image.get("healthcheck"):
        found = project.services["web"].model_copy(update={"has_healthcheck": True})
        project = project.model_copy(update={"services": {"web": found}})
    info = ImageInfo(reference="x", id="1", layers=(), architecture="amd64", **image)
    return with_quick_health_checks(project, {"web": info}, longest)["services"]["web"].get("healthcheck")


def test_unhealthy_comes_as_late_as_before() -> None:
    assert check({"test": ["CMD", "true"], "interval": "10s", "retries": 4}) == {
        "test": ["CMD", "true"],
        "interval": "1s",
        "retries": 40,
    }


def test_docker_s_defaults_count_where_nothing_is_said() -> None:
    assert check({"test": ["CMD", "true"]})["retries"] == 90


def test_the_image_s_own_numbers_count() -> None:
    found = check(None, healthcheck=True, health_interval=5.0, health_retries=2)
    assert found == {"interval": "1s", "retries": 10}


def test_where_it_is_known_how_long_a_start_takes_failed_checks_count_sooner() -> None:
    slow = {"test": ["CMD", "true"], "start_period": "2m"}
    assert check(slow, 24.0) == {**slow, "interval": "1s", "retries": 90, "start_period": "24s"}
    assert check(slow, 200.0) == {**slow, "interval": "1s", "retries": 90}


def test_what_is_quick_already_and_what_has_no_check_stay() -> None:
    quick = {"test": ["CMD", "true"], "interval": "500ms"}
    assert check(quick) == quick
    assert check(None) is None


@pytest.mark.parametrize(
    ("text", "number"), [("1m30s", 90.0), ("500ms", 0.5), ("2h", 7200.0), ("", 0.0), ("soon", 0.0)]
)
def test_go_durations(text: str, number: float) -> None:
    assert seconds(text) == number
