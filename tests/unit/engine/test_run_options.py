from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.engine.run_options import project_from_run_options, service_name
from lacre.errors import UsageError
from tests.unit.engine.real_compose import real_compose

HERE = Path("/here")
BIND = {"type": "bind", "target": "/b", "bind": {"create_host_path": True}}
READ_ONLY = {"type": "bind", "source": "/a", "target": "/b", "read_only": True}
TMPFS = {"type": "tmpfs", "target": "/t", "tmpfs": {"size": "9"}}


def service_of(line: str, directory: Path = HERE, **environment: str) -> dict[str, Any]:
    project = project_from_run_options("img", shlex.split(line), directory=directory, environment=environment)
    return project.services["img"].config


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("-u 33", "user", "33"),
        ("-u33", "user", "33"),
        ("--user=33:33", "user", "33:33"),
        ("-e A=b -eC=d --env E=f=g", "environment", {"A": "b", "C": "d", "E": "f=g"}),
        ("-e FROM -e NOT_THERE", "environment", {"FROM": "outside"}),
        ("--tmpfs /tmp --tmpfs /run:size=1m", "tmpfs", ["/tmp", "/run:size=1m"]),
        ("--cap-add CHOWN --cap-add=KILL", "cap_add", ["CHOWN", "KILL"]),
        ("--cap-drop ALL", "cap_drop", ["ALL"]),
        ("--read-only", "read_only", True),
        ("--read-only=false", "read_only", False),
        ("-dit", "tty", True),
        ("-dit", "stdin_open", True),
        ("--entrypoint /bin/sh x y", "entrypoint", ["/bin/sh"]),
        ("--entrypoint /bin/sh x y", "command", ["x", "y"]),
        ("--rm -d prog -u 5", "command", ["prog", "-u", "5"]),
        ("--rm -- --strange", "command", ["--strange"]),
        ("-m 1g", "mem_limit", "1g"),
        ("--cpus 1.5", "cpus", 1.5),
        ("--pids-limit 50", "pids_limit", 50),
        ("--ulimit nofile=5:6", "ulimits", {"nofile": {"soft": 5, "hard": 6}}),
        ("--ulimit core=0", "ulimits", {"core": {"soft": 0, "hard": 0}}),
        ("--name web", "container_name", "web"),
        ("--restart unless-stopped", "restart", "unless-stopped"),
        ("--stop-timeout 30", "stop_grace_period", "30s"),
        ("--net host", "network_mode", "host"),
        ("--network none", "network_mode", "none"),
        ("--network container:x", "network_mode", "container:x"),
        ("--health-cmd c --health-retries 3", "healthcheck", {"test": ["CMD-SHELL", "c"], "retries": 3}),
        ("--no-healthcheck", "healthcheck", {"disable": True}),
        ("--log-driver local --log-opt a=1", "logging", {"driver": "local", "options": {"a": "1"}}),
        ("--sysctl net.core.somaxconn=5", "sysctls", {"net.core.somaxconn": "5"}),
        ("-l a -l b=c", "labels", {"a": "", "b": "c"}),
        ("--device /dev/x", "devices", [{"source": "/dev/x", "target": "/dev/x", "permissions": "rwm"}]),
        ("--add-host a:1.2.3.4", "extra_hosts", ["a=1.2.3.4"]),
        ("-v data:/x", "volumes", [{"type": "volume", "source": "data", "target": "/x"}]),
        ("-v /x", "volumes", [{"type": "volume", "target": "/x"}]),
        ("-v /a:/b:ro", "volumes", [BIND | {"source": "/a", "read_only": True}]),
        ("-v ./a:/b", "volumes", [BIND | {"source": "/here/a"}]),
        ("--mount type=tmpfs,dst=/t,tmpfs-size=9", "volumes", [TMPFS]),
        ("--mount type=bind,src=/a,dst=/b,readonly", "volumes", [READ_ONLY]),
        ("--mount src=v,target=/b", "volumes", [{"type": "volume", "source": "v", "target": "/b"}]),
    ],
)  # fmt: skip
def test_an_option_of_docker_run_is_a_key_of_compose(line: str, key: str, value: Any) -> None:
    assert service_of(line, FROM="outside")[key] == value


def test_published_ports_are_those_of_the_container() -> None:
    project = project_from_run_options(
        "nginx", shlex.split("-p 80 -p 8080:81 -p 127.0.0.1:1:82/udp -p 5000-5001:83-84 -P"), directory=HERE
    )
    assert project.services["nginx"].ports == ("tcp/80", "tcp/81", "udp/82", "tcp/83", "tcp/84")


def test_volumes_and_networks_of_the_original_are_external() -> None:
    project = project_from_run_options(
        "nginx", shlex.split("-v data:/x --network front --network-alias w"), directory=HERE
    )
    assert project.config["volumes"] == {"data": {"name": "data", "external": True}}
    assert project.config["networks"] == {"front": {"name": "front", "external": True}}
    assert project.services["nginx"].config["networks"] == {"front": {"aliases": ["w"]}}


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("nginx", "nginx"),
        ("nginx:1.27", "nginx"),
        ("host:5000/team/web@sha256:00", "web"),
        ("host:5000/team/web:1@sha256:00", "web"),
        ("a/b_c.d", "b_c.d"),
        ("sha256:0123", "sha256"),
        ("", "service"),
    ],
)
def test_the_service_is_named_after_the_images_last_part(image: str, name: str) -> None:
    assert service_name(image) == name


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("--no-such x", "--no-such"),
        ("-Z", "-Z"),
        ("-dZ", "-Z"),
        ("-p", "--publish"),
        ("-p x:y", "x:y"),
        ("-p 1-x", "1-x"),
        ("-p 5-3", "5-3"),
        ("--pids-limit many", "many"),
        ("--cpus many", "many"),
        ("--ulimit nofile", "nofile"),
        ("--read-only=maybe", "maybe"),
        ("--mount nonsense", "nonsense"),
        ("--mount type=bind,target=/x,nonsense=1", "nonsense"),
        ("--env-file missing.env", "missing.env"),
    ],
)
def test_what_is_not_understood_is_named(line: str, named: str) -> None:
    with pytest.raises(UsageError, match="docker run") as caught:
        service_of(line)
    assert named in caught.value.happened


def test_an_env_file_yields_to_the_command_line_wherever_it_stands(tmp_path: Path) -> None:
    (tmp_path / "e").write_text("# comment\nA=file\nB=file\n\nFROM\n")
    service = service_of("-e A=line --env-file e", tmp_path, FROM="outside")
    assert service["environment"] == {"A": "line", "B": "file", "FROM": "outside"}


def test_the_real_compose_accepts_the_project(tmp_path: Path) -> None:
    line = (
        "-p 80:80 -v data:/x -v /tmp:/y:ro -e 'A=$b' --tmpfs /t --cap-add KILL --ulimit nofile=5 -m 1g -d x"
    )
    project = project_from_run_options("nginx", shlex.split(line), directory=tmp_path)
    said = real_compose().on(
        project.config, ["config", "--format", "json"], name="x", directory=tmp_path, seconds=30
    )
    assert said.code == 0, said.stderr
    assert json.loads(said.stdout)["services"]["nginx"]["environment"]["A"] == "$$b"


_WORDS = st.text(max_size=12) | st.sampled_from(
    [
        "-p",
        "-v",
        "--mount",
        "--ulimit",
        "-e",
        "--env-file",
        "-dit",
        "--",
        "--tmpfs",
        "--cpus",
        "80:80",
        "a:/b",
    ]
)


@given(st.lists(_WORDS, max_size=6))
def test_any_words_give_a_project_or_a_usage_error(words: list[str]) -> None:
    try:
        project = project_from_run_options("img", words, directory=Path("/nonexistent"), environment={})
    except UsageError:
        return
    assert list(project.services) == ["img"]
