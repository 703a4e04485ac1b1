from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.engine.normalise import (
    capability,
    completed,
    double,
    port_names,
    project_from_config,
    size_in_bytes,
    undouble,
)
from lacre.engine.project import Dependency, ImageInfo, Mount, Service
from tests.unit.engine.samples import config, one_service

HERE = Path("/project")


def service_of(**settings: Any) -> Service:
    return project_from_config(one_service(**settings), directory=HERE).services["s"]


@pytest.fixture(scope="module")
def shop() -> dict[str, Service]:
    return project_from_config(config("full"), directory=HERE).services


def test_ports_are_the_union_of_expose_and_the_targets_of_ports(shop: dict[str, Service]) -> None:
    assert shop["web"].ports == ("tcp/9000", "tcp/80", "tcp/443", "tcp/444", "udp/53")


def test_capabilities_are_upper_case_and_without_their_prefix(shop: dict[str, Service]) -> None:
    assert shop["web"].cap_drop == ("ALL",)
    assert shop["web"].cap_add == ("NET_BIND_SERVICE", "CHOWN")


def test_limits_come_from_the_service_or_from_deploy(shop: dict[str, Service]) -> None:
    web, app = shop["web"], shop["app"]
    assert (web.memory, web.pids, web.cpus, web.limits_in_deploy) == (256 << 20, 64, None, False)
    assert (app.memory, app.pids, app.cpus, app.limits_in_deploy) == (512 << 20, 99, 0.5, True)


def test_both_syntaxes_of_tmpfs_become_mounts_with_the_words_of_the_short_one(
    shop: dict[str, Service],
) -> None:
    assert Mount(kind="tmpfs", target="/run", options="size=8m,uid=101") in shop["web"].mounts
    assert Mount(kind="tmpfs", target="/tmp") in shop["web"].mounts
    assert Mount(kind="tmpfs", target="/scratch", options="size=4194304,mode=700") in shop["app"].mounts


def test_an_anonymous_volume_has_no_source(shop: dict[str, Service]) -> None:
    assert Mount(kind="volume", target="/anonymous") in shop["app"].mounts


def test_secrets_and_configs_are_shown_by_target_and_the_inline_ones_by_key(shop: dict[str, Service]) -> None:
    app = shop["app"]
    assert app.secrets == ("/run/secrets/key", "/etc/token", "/run/secrets/short")
    assert app.configs == ("/etc/settings.ini",)
    assert app.inline_secrets == ("inline",)
    assert app.inline_configs == ("settings",)


def test_a_service_is_one_off_when_another_waits_for_its_successful_end(shop: dict[str, Service]) -> None:
    assert [name for name, service in shop.items() if service.one_off] == ["migrate"]
    assert Dependency(service="migrate", condition="service_completed_successfully") in shop["web"].depends_on


def test_replicas_come_from_scale_or_deploy(shop: dict[str, Service]) -> None:
    assert (shop["queue"].replicas, shop["app"].replicas, shop["web"].replicas) == (3, 2, 1)


def test_a_disabled_health_check_is_none(shop: dict[str, Service]) -> None:
    assert shop["app"].has_healthcheck
    assert not shop["monitor"].has_healthcheck
    image = ImageInfo(reference="monitor", id="x", layers=(), architecture="amd64", healthcheck=True)
    assert not completed(shop["monitor"], image).has_healthcheck
    assert completed(shop["web"], image).has_healthcheck


def test_the_images_ports_join_the_services(shop: dict[str, Service]) -> None:
    image = ImageInfo(reference="i", id="x", layers=(), architecture="amd64", exposed=("tcp/80", "tcp/81"))
    assert completed(shop["web"], image).ports == (
        "tcp/9000",
        "tcp/80",
        "tcp/443",
        "tcp/444",
        "udp/53",
        "tcp/81",
    )


def test_dollars_are_as_the_container_sees_them(shop: dict[str, Service]) -> None:
    assert shop["app"].config["environment"]["PASSWORD"] == "pa$word"  # noqa: S105
    assert shop["app"].config["environment"]["QUOTED"] == "a$b"
    assert shop["app"].config["healthcheck"]["test"][1] == "curl -f localhost:$PORT"


def test_a_built_service_without_an_image_has_composes_name_for_it() -> None:
    service = service_of(image=None, build={"context": "."})
    assert (service.image, service.built) == ("p-s", True)


@pytest.mark.parametrize(
    ("settings", "field", "expected"),
    [
        ({"mem_limit": 1024}, "memory", 1024),
        ({"mem_limit": "0"}, "memory", None),
        ({"mem_reservation": "1g"}, "memory_reserved", 1 << 30),
        ({"deploy": {"resources": {"reservations": {"memory": "32M"}}}}, "memory_reserved", 32 << 20),
        ({"pids_limit": -1}, "pids", None),
        ({"cpus": "1.5"}, "cpus", 1.5),
        ({"cpus": 0}, "cpus", None),
        ({"ulimits": {"nofile": 77}}, "nofile", 77),
        ({"ulimits": {"nofile": {"hard": 5}}}, "nofile", 5),
        ({"shm_size": "64m"}, "shm_size", 64 << 20),
        ({"user": 0}, "user", "0"),
        ({"user": None}, "user", None),
        ({"scale": 0}, "replicas", 0),
        ({"deploy": {"mode": "global"}}, "replicas", 1),
        ({"logging": {"driver": "local"}}, "logging", True),
        ({"healthcheck": {"test": ["NONE"]}}, "has_healthcheck", False),
        ({"depends_on": ["a"]}, "depends_on", (Dependency(service="a", condition="service_started"),)),
        ({"tmpfs": "/x:ro"}, "mounts", (Mount(kind="tmpfs", target="/x", options="ro", read_only=True),)),
        ({"volumes": [{"type": "npipe", "target": "/p"}]}, "mounts", (Mount(kind="other", target="/p"),)),
    ],
)  # fmt: skip
def test_one_setting_of_a_service(settings: dict[str, Any], field: str, expected: Any) -> None:
    assert getattr(service_of(**settings), field) == expected


@pytest.mark.parametrize(
    ("text", "size"),
    [("512m", 512 << 20), ("1.5g", 3 << 29), ("1GB", 1 << 30), ("2KiB", 2048), ("7", 7), ("x", None),
     ("-1", None), (True, None), (-1, None), (0, None), (12.0, 12)],
)  # fmt: skip
def test_sizes(text: Any, size: int | None) -> None:
    assert size_in_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "names"),
    [("80", ["tcp/80"]), ("80/udp", ["udp/80"]), ("1-3", ["tcp/1", "tcp/2", "tcp/3"]), ("x", []), ("0", []),
     ("99999", []), ("3-1", [])],
)  # fmt: skip
def test_ports(text: str, names: list[str]) -> None:
    assert list(port_names(text)) == names


def test_a_huge_range_of_ports_is_bounded() -> None:
    assert len(list(port_names("1-65535"))) < 5000


def test_capability_names() -> None:
    assert {capability(name) for name in ("cap_chown", "CAP_CHOWN", "chown")} == {"CHOWN"}


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(_VALUES)
def test_doubling_is_undone(value: Any) -> None:
    assert undouble(double(value)) == value


def test_volumes_from_brings_the_mounts_of_another_service_but_its_tmpfs() -> None:
    found = project_from_config(
        {
            "name": "p",
            "secrets": {"key": {"file": "/key"}},
            "services": {
                "app": {
                    "image": "x",
                    "volumes": [{"type": "volume", "source": "data", "target": "/data"}],
                    "tmpfs": ["/tmp"],
                    "secrets": ["key"],
                },
                "reader": {"image": "x", "volumes_from": ["app:ro", "container:other"], "tmpfs": ["/cache"]},
                "third": {
                    "image": "x",
                    "volumes": [{"type": "bind", "source": "/mine", "target": "/data"}],
                    "volumes_from": ["reader"],
                },
            },
        },
        directory=HERE,
    ).services
    key = Mount(kind="other", target="/run/secrets/key", read_only=True, inherited=True)
    data = Mount(kind="volume", source="data", target="/data", read_only=True, inherited=True)
    assert found["app"].mounts[0].inherited is False
    assert found["reader"].mounts == (Mount(kind="tmpfs", target="/cache"), data, key)
    assert found["third"].mounts == (Mount(kind="bind", source="/mine", target="/data"), key)


def test_volumes_from_in_a_circle_ends() -> None:
    services = {"a": {"image": "x", "volumes_from": ["b"]}, "b": {"image": "x", "volumes_from": ["a"]}}
    assert project_from_config({"name": "p", "services": services}, directory=HERE).services["a"].mounts == ()
