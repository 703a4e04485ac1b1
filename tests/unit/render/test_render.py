from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML
from syrupy.assertion import SnapshotAssertion

from lacre.engine.project import Project, Service
from lacre.render import (
    docker_run,
    inline_configs,
    is_read_only,
    override,
    refuses_read_only,
    sealed_project,
    sealed_service,
    seccomp,
)
from lacre.render.words import printable, size
from lacre.seal.model import Capabilities, FileSystem, Grant, Seal, Tmpfs
from tests.unit.render.seals import FULL, NOTHING, changed, of_project

BASE: dict[str, Any] = {
    "image": "example:1",
    "command": ["serve", "--name", "two words"],
    "entrypoint": None,
    "environment": {"PASSWORD": "hunter2", "MODE": "a$b"},
    "user": "root",
    "cap_add": ["NET_ADMIN", "CAP_CHOWN"],
    "cap_drop": ["MKNOD"],
    "security_opt": ["seccomp:unconfined", "apparmor:docker-default"],
    "tmpfs": ["/run", "/tmp:size=24m"],
    "mem_limit": "104857600",
    "ulimits": {"nproc": 50},
    "volumes": [
        {"type": "bind", "source": "/srv/shop/site", "target": "/site", "bind": {"create_host_path": True}},
        {"type": "volume", "source": "data", "target": "/data", "volume": {}},
    ],
    "ports": [{"mode": "ingress", "target": 80, "published": "8080", "protocol": "tcp"}],
    "restart": "unless-stopped",
}


def project(services: dict[str, dict[str, Any]], **top: Any) -> Project:
    config = {"name": "shop", "services": services, "volumes": {"data": {"name": "shop_data"}}, **top}
    return Project(
        name="shop",
        directory=Path("/srv/shop"),
        files=(Path("/srv/shop/compose.yaml"),),
        config=config,
        services={
            name: Service(name=name, image=base["image"], config=base) for name, base in services.items()
        },
    )


def rendered(seal: Seal, target: Project) -> str:
    return override(target, seal, target.directory / "sealed", "2.40.3")


def test_the_override_of_a_service_with_everything(snapshot: SnapshotAssertion) -> None:
    sealed = changed(filesystem={"read_only_mounts": ("/site",)})
    assert rendered(of_project(web=sealed), project({"web": BASE})) == snapshot


def test_the_override_of_a_service_that_keeps_all(snapshot: SnapshotAssertion) -> None:
    assert (
        rendered(of_project(web=NOTHING, db=FULL), project({"web": BASE, "db": {"image": "y"}})) == snapshot
    )


def test_the_sealed_service(snapshot: SnapshotAssertion) -> None:
    assert sealed_service(BASE, FULL, "sealed/seccomp/web.json") == snapshot


def test_the_line_for_docker_run_shuts_mounts() -> None:
    sealed = changed(filesystem={"read_only_mounts": ("/site", "/data")})
    service = project({"web": BASE}).services["web"]
    line = docker_run(sealed, service, "sealed/seccomp/web.json")
    assert "type=bind,source=/srv/shop/site,target=/site,readonly" in line
    assert "type=volume,source=data,target=/data,readonly" in line


def test_the_line_for_docker_run(snapshot: SnapshotAssertion) -> None:
    service = Service(name="web", image="example:1", config=BASE)
    assert docker_run(FULL, service, "sealed/seccomp/web.json") == snapshot


def test_the_seccomp_file(snapshot: SnapshotAssertion) -> None:
    text = seccomp(FULL)
    assert text == snapshot
    assert json.loads(text)["defaultAction"] == "SCMP_ACT_ERRNO"


def test_values_of_environment_variables_are_in_no_output() -> None:
    target = project({"web": BASE})
    for text in (
        rendered(of_project(web=FULL), target),
        docker_run(FULL, target.services["web"]),
        seccomp(FULL),
    ):
        assert "hunter2" not in text


def test_a_seal_that_is_off_everywhere_changes_nothing() -> None:
    assert sealed_service(BASE, NOTHING, "p.json") == BASE
    target = project({"web": BASE})
    assert sealed_project(target.config, {"web": NOTHING}, Path("sealed"), target.directory) == target.config


def test_the_base_is_not_touched() -> None:
    before = json.dumps(BASE)
    sealed_service(BASE, FULL, "p.json")
    assert json.dumps(BASE) == before


@pytest.mark.parametrize(
    ("control", "keys"),
    [
        ("user", {"user", "group_add"}),
        ("capabilities", {"cap_add", "cap_drop"}),
        ("filesystem", {"read_only"}),
        ("limits", {"mem_limit", "pids_limit", "cpus", "ulimits"}),
        ("logging", {"logging"}),
    ],
)
def test_a_control_that_is_off_leaves_its_keys_as_they_were(control: str, keys: set[str]) -> None:
    sealed = sealed_service(BASE, changed(FULL, **{control: {"off": "no"}}), "p.json")
    full = sealed_service(BASE, FULL, "p.json")
    for key in keys:
        assert sealed.get(key) == BASE.get(key)
        assert full.get(key) != BASE.get(key)
    assert {key: value for key, value in sealed.items() if key not in keys} == {
        key: value for key, value in full.items() if key not in keys
    }


def test_sealing_twice_is_sealing_once() -> None:
    once = sealed_service(BASE, FULL, "p.json")
    assert sealed_service(once, FULL, "p.json") == once


def test_privileged_goes_where_the_capabilities_are_sealed_and_stays_where_not() -> None:
    base = {"image": "x", "privileged": True}
    assert "privileged" not in sealed_service(base, FULL, "p.json")
    assert sealed_service(base, changed(capabilities={"off": "needs them"}), "p.json")["privileged"] is True


def test_a_secret_from_the_environment_keeps_the_root_writable_and_off_the_disk() -> None:
    services = {"web": {"image": "x", "secrets": [{"source": "key", "target": "/run/secrets/key"}]}}
    target = project(services, secrets={"key": {"environment": "KEY"}})
    assert "key" in refuses_read_only(target.config, "web")
    assert not is_read_only(target.config, "web", FULL)
    sealed = sealed_project(target.config, {"web": FULL}, Path("out"), target.directory)
    assert "read_only" not in sealed["services"]["web"]
    text = rendered(of_project(web=FULL), target)
    assert "read_only is off: secret key" in text
    assert "read_only:" not in text


def test_a_config_by_content_becomes_a_file_only_under_a_read_only_root() -> None:
    services = {"web": {"image": "x", "configs": [{"source": "conf"}]}}
    target = project(services, configs={"conf": {"name": "shop_conf", "content": "a $b"}})
    assert inline_configs(target.config, {"web": FULL}) == {"conf": "a $b"}
    assert inline_configs(target.config, {"web": changed(filesystem={"read_only": False})}) == {}
    sealed = sealed_project(target.config, {"web": FULL}, Path("out"), target.directory)
    assert sealed["configs"]["conf"] == {"name": "shop_conf", "file": "/srv/shop/out/configs/conf"}


HOSTILE = st.text(max_size=80)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_hostile_reasons_stay_in_their_comment(reason: str, by: str, what: str) -> None:
    grant = Grant(what="CHOWN", reason=reason, by=by, phase=what)
    seal = FULL.model_copy(
        update={
            "capabilities": Capabilities(add=frozenset({"CHOWN"}), grants=(grant,)),
            "limits": FULL.limits.model_copy(update={"off": reason}),
        }
    )
    target = project({"web": {"image": "x"}})
    data = YAML(typ="safe").load(rendered(of_project(web=seal), target))
    plain = FULL.model_copy(
        update={"capabilities": Capabilities(add=frozenset({"CHOWN"})), "limits": seal.limits}
    )
    assert data == YAML(typ="safe").load(rendered(of_project(web=plain), target))


@example("\x85")
@example("\u2028 é")
@given(st.text(min_size=1, max_size=30).filter(lambda text: "\0" not in text))
def test_any_path_comes_through_with_its_dollars_doubled(name: str) -> None:
    path = "/" + name
    seal = FULL.model_copy(update={"filesystem": FileSystem(tmpfs=(Tmpfs(path=path, size=1),))})
    data = YAML(typ="safe").load(rendered(of_project(web=seal), project({"web": {"image": "x"}})))
    (text,) = data["services"]["web"]["tmpfs"]
    assert text.replace("$$", "$").startswith(path + ":size=1,")


@given(st.integers(min_value=0, max_value=1 << 50))
def test_a_size_in_words_is_exactly_that_size(count: int) -> None:
    words = size(count)
    factor = {"k": 2**10, "m": 2**20, "g": 2**30}.get(words[-1:], 1)
    assert int(words.rstrip("kmg")) * factor == count


@given(st.text())
def test_what_is_printable_is_one_line(text: str) -> None:
    assert len(printable(text).splitlines()) <= 1


def test_an_init_is_written_everywhere() -> None:
    sealed = changed(limits={"init": True, "grants": (Grant(what="init", reason="3 left lying about"),)})
    target = project({"web": {"image": "x"}})
    assert "    init: true  # 3 left lying about\n" in rendered(of_project(web=sealed), target)
    assert " --init " in docker_run(sealed, target.services["web"], "seccomp/web.json")
    assert "init" not in rendered(of_project(web=FULL), target)
