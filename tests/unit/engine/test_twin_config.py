from __future__ import annotations

import json
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from lacre.engine.egress import Egress
from lacre.engine.twin_config import (
    BindCopy,
    Host,
    HostPath,
    TwinOptions,
    TwinPlan,
    VolumeClone,
    Warned,
    bind_sources,
    twin_config,
)
from tests.unit.engine.real_compose import real_compose
from tests.unit.engine.samples import config, one_service

HOST = Host(
    paths={
        "/var/run/docker.sock": HostPath("socket", "/run/docker.sock"),
        "/run/other.sock": HostPath("socket", "/run/other.sock"),
        "/": HostPath("directory", "/"),
        "/sys": HostPath("directory", "/sys"),
        "/srv/data": HostPath("directory", "/srv/data"),
        "/project/site": HostPath("directory", "/project/site"),
        "/project/nginx.conf": HostPath("file", "/project/nginx.conf"),
        "/project/sub/q.conf": HostPath("file", "/project/sub/q.conf"),
        "/elsewhere/outside": HostPath("absent", "/elsewhere/outside"),
    },
    sockets=("/run/docker.sock",),
    copies="/engine/copies",
    port_start=80,
)


DB = Egress("db.example:5432", "db.example", (ip_network("192.0.2.1/32"),), 5432)


def plan_of(base: dict[str, Any], host: Host = HOST, **options: Any) -> TwinPlan:
    return twin_config(base, name="t", options=TwinOptions(id="abc", owner="me", **options), host=host)


@pytest.fixture(scope="module")
def shop() -> TwinPlan:
    return plan_of(config("full"))


def mounts_of(plan: TwinPlan, service: str) -> dict[str, dict[str, Any]]:
    return {mount["target"]: mount for mount in plan.config["services"][service]["volumes"]}


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner)


def test_no_name_of_the_original_is_left(shop: TwinPlan) -> None:
    named = [entry["name"] for kind in ("networks", "volumes") for entry in shop.config[kind].values()]
    assert shop.config["name"] == "t"
    assert all(name.startswith("t_") for name in named)
    assert not {"production-uploads", "the-queue", "shop_front"} & set(strings(shop.config))


def test_nothing_is_published_and_the_ports_stay_declared(shop: TwinPlan) -> None:
    web = shop.config["services"]["web"]
    assert "ports" not in web
    assert web["expose"] == ["9000", "80", "443", "444", "53/udp"]


def test_a_container_name_becomes_an_alias_beside_the_others(shop: TwinPlan) -> None:
    web = shop.config["services"]["web"]
    assert "container_name" not in web
    assert web["networks"]["front"]["aliases"] == ["www", "shop-web"]
    assert web["networks"]["back"]["aliases"] == ["shop-web"]


def test_addresses_and_subnets_are_dropped_and_told(shop: TwinPlan) -> None:
    assert "172.31.77" not in json.dumps(shop.config)
    assert any(w.service == "web" and "address" in w.what for w in shop.warnings)


def test_networks_are_internal_unless_opened(shop: TwinPlan) -> None:
    assert all(network["internal"] for network in shop.config["networks"].values())
    opened = plan_of(config("full"), allow_egress=(DB,))
    assert [key for key, network in opened.config["networks"].items() if network.get("internal")] == ["back"]
    assert any("db.example" in warned.what for warned in opened.warnings)
    closed = {**one_service(networks={"back": None}), "networks": {"back": {"internal": True}}}
    assert any("out of reach" in warned.what for warned in plan_of(closed, allow_egress=(DB,)).warnings)


def test_a_name_that_is_let_through_is_pinned() -> None:
    opened = plan_of(one_service(extra_hosts=["one=192.0.2.9"]), allow_egress=(DB,))
    assert opened.config["services"]["s"]["extra_hosts"] == ["one:192.0.2.9", "db.example:192.0.2.1"]
    own = plan_of(one_service(extra_hosts={"db.example": ["192.0.2.9"]}), allow_egress=(DB,))
    assert own.config["services"]["s"]["extra_hosts"] == {"db.example": ["192.0.2.9"]}
    without = plan_of(one_service(network_mode="none"), allow_egress=(DB,))
    assert "extra_hosts" not in without.config["services"]["s"]


def test_everything_that_is_made_has_the_labels(shop: TwinPlan) -> None:
    labels = {"lacre.twin": "abc", "lacre.owner": "me"}
    for service in shop.config["services"].values():
        assert service["labels"] == labels
    for kind in ("networks", "volumes"):
        assert all(
            entry.get("labels") == labels for entry in shop.config[kind].values() if not entry.get("external")
        )


def test_labels_that_a_watcher_of_the_original_engine_would_act_on_are_dropped(shop: TwinPlan) -> None:
    assert "traefik" not in json.dumps(shop.config)


def test_named_volumes_are_fresh(shop: TwinPlan) -> None:
    assert shop.config["volumes"]["uploads"]["name"] == "t_uploads"
    assert "external" not in shop.config["volumes"]["uploads"]


def test_a_clone_of_a_volume_is_made_beforehand() -> None:
    plan = plan_of(config("full"), clone_data=True)
    assert VolumeClone("production-uploads", "t_uploads") in plan.clones
    assert plan.config["volumes"]["uploads"] == {"name": "t_uploads", "external": True}


def test_an_external_volume_is_empty_and_told() -> None:
    base = one_service(volumes=[{"type": "volume", "source": "v", "target": "/v"}])
    plan = plan_of({**base, "volumes": {"v": {"name": "prod", "external": True}}})
    assert plan.config["volumes"]["v"]["name"] == "t_v"
    assert any("empty" in warned.what for warned in plan.warnings)


def test_a_directory_that_is_written_becomes_an_overlay_for_all_who_mount_it(shop: TwinPlan) -> None:
    mounts = mounts_of(shop, "web")
    assert mounts["/site"]["type"] == "volume"
    assert mounts["/usr/share/nginx/html"]["source"] == mounts["/site"]["source"]
    assert mounts["/usr/share/nginx/html"]["read_only"]
    assert mounts["/site"]["volume"] == {"nocopy": True}
    directories = {copy.source for copy in shop.copies if copy.kind == "directory"}
    assert directories == {"/project/site", "/srv/data"}


def test_a_volume_that_is_a_bind_mount_by_its_options_is_one(shop: TwinPlan) -> None:
    assert "/srv/data" in bind_sources(config("full"))
    assert "/srv/data" not in set(strings(shop.config))


def test_a_file_that_is_written_is_a_copy_and_one_that_is_read_is_itself(shop: TwinPlan) -> None:
    [copy] = [copy for copy in shop.copies if copy.kind == "file"]
    assert copy == BindCopy(
        "/project/sub/q.conf", "file", copy.number, "", f"/engine/copies/file-{copy.number}"
    )
    assert mounts_of(shop, "queue")["/q.conf"]["source"] == copy.path
    assert mounts_of(shop, "web")["/etc/nginx/nginx.conf"]["source"] == "/project/nginx.conf"


def test_no_mount_makes_a_directory_on_the_host(shop: TwinPlan) -> None:
    for service in shop.config["services"].values():
        for mount in service.get("volumes", ()):
            assert mount["type"] != "bind" or mount.get("bind", {}).get("create_host_path") is not True
    assert mounts_of(shop, "queue")["/outside"]["type"] == "volume"


def test_the_engines_socket_is_not_handed_over_neither_itself_nor_below_a_directory(shop: TwinPlan) -> None:
    mounts = mounts_of(shop, "monitor")
    assert "/var/run/docker.sock" not in mounts
    assert mounts["/host"]["source"] == "/"
    assert mounts["/host/run/docker.sock"]["source"] == "/dev/null"
    assert len([w for w in shop.warnings if "socket" in w.what]) == 2


def test_any_other_socket_of_the_host_is_not_handed_over() -> None:
    plan = plan_of(one_service(volumes=[{"type": "bind", "source": "/run/other.sock", "target": "/o"}]))
    assert plan.config["services"]["s"]["volumes"] == []


def test_the_sockets_come_with_allow_host_and_then_the_labels_too() -> None:
    plan = plan_of(config("full"), allow_host=frozenset({"socket"}))
    mounts = mounts_of(plan, "monitor")
    assert mounts["/var/run/docker.sock"]["source"] == "/var/run/docker.sock"
    assert "/host/run/docker.sock" not in mounts
    assert plan.config["services"]["web"]["labels"]["traefik.enable"] == "true"


def test_kernel_trees_are_read_only(shop: TwinPlan) -> None:
    assert mounts_of(shop, "monitor")["/sys"]["read_only"]


def test_the_hosts_network_becomes_a_bridge_with_its_unprivileged_ports(shop: TwinPlan) -> None:
    monitor = shop.config["services"]["monitor"]
    assert "network_mode" not in monitor
    assert list(monitor["networks"]) == ["default"]
    assert monitor["sysctls"] == {"net.ipv4.ip_unprivileged_port_start": "80"}
    assert "default" in shop.config["networks"]


def test_host_namespaces_only_with_allow_host(shop: TwinPlan) -> None:
    assert "pid" not in shop.config["services"]["monitor"]
    allowed = plan_of(config("full"), allow_host=frozenset({"net", "pid"})).config["services"]["monitor"]
    assert (allowed["network_mode"], allowed["pid"]) == ("host", "host")
    for name in ("ipc", "uts"):
        assert name not in plan_of(one_service(**{name: "host"})).config["services"]["s"]


def test_namespaces_of_the_projects_own_container_names_stay_those_of_others_go(shop: TwinPlan) -> None:
    assert shop.config["services"]["side"]["pid"] == "service:web"
    assert shop.config["services"]["side"]["network_mode"] == "service:web"
    assert "network_mode" not in shop.config["services"]["old"]
    assert shop.config["services"]["old"]["volumes_from"] == ["side"]
    assert {w.what.split(":")[0] for w in shop.warnings if w.service == "old"} >= {
        "external_links",
        "network_mode",
    }


def test_logs_stay_on_this_host(shop: TwinPlan) -> None:
    assert shop.config["services"]["web"]["logging"] == {"driver": "json-file"}


def test_what_makes_the_application_stays(shop: TwinPlan) -> None:
    base, twin = config("full")["services"]["app"], shop.config["services"]["app"]
    changed = {"labels", "networks", "volumes", "build", "dns_opt", "deploy"}
    assert {k: v for k, v in twin.items() if k not in changed} == {
        k: v for k, v in base.items() if k not in changed
    }
    assert twin["deploy"] == base["deploy"]
    assert shop.config["services"]["monitor"]["privileged"]
    assert shop.config["secrets"]["inline"] == {"environment": "INLINE"}
    assert shop.config["configs"]["settings"] == {"content": "a=7\nb=$x\n"}


def test_a_built_image_is_named_and_not_built() -> None:
    service = plan_of(one_service(image=None, build={"context": "."})).config["services"]["s"]
    assert (service["image"], "build" in service) == ("p-s", False)


def test_outside_names_fail_soon_on_internal_networks() -> None:
    assert plan_of(one_service()).config["services"]["s"]["dns_opt"] == ["timeout:1", "attempts:1"]
    own = plan_of(one_service(dns_opt=["timeout:9"])).config["services"]["s"]
    assert own["dns_opt"] == ["timeout:9", "attempts:1"]


def test_what_is_mounted_below_a_directory_is_told() -> None:
    base = one_service(volumes=[{"type": "bind", "source": "/srv/data", "target": "/d"}])
    host = Host(paths=HOST.paths, mounts=("/srv/data/disk",))
    assert Warned("s", "what is mounted below /srv/data is not in the twin") in plan_of(base, host).warnings


def test_the_real_compose_reads_the_twin_back(shop: TwinPlan, tmp_path: Path) -> None:
    compose = real_compose()
    said = compose.on(shop.config, ["config", "--format", "json"], name="t", directory=tmp_path, seconds=30)
    assert said.code == 0, said.stderr
    back = json.loads(said.stdout)
    assert back["services"]["app"]["environment"]["PASSWORD"] == "pa$$word"  # noqa: S105
    assert back["services"].keys() == shop.config["services"].keys()
