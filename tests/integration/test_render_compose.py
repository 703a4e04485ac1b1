"""What Compose makes of the base with our override is the base with the seal put in."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from textwrap import dedent

import pytest

from lacre.engine import Compose
from lacre.errors import GroundError
from lacre.render import inline_configs, override, sealed_project, seccomp
from lacre.seal.model import NamedVolume, ServiceSeal, Tmpfs
from tests.unit.render.seals import FULL, NOTHING, changed, of_project

pytestmark = pytest.mark.docker

# name → (Compose file, whether something of the base has to go)
BASES: dict[str, tuple[str, bool]] = {
    "plain": ("services: {web: {image: x}}", False),
    "capabilities that are needed stay in their spelling": (
        "services: {web: {image: x, cap_add: [CAP_CHOWN, kill]}}",
        False,
    ),
    "capabilities that are not needed go": (
        "services: {web: {image: x, cap_add: [CHOWN, NET_ADMIN]}}",
        True,
    ),
    "dropped capabilities stay beside ALL": (
        "services: {web: {image: x, cap_drop: [MKNOD, NET_RAW]}}",
        False,
    ),
    "all are dropped already": ("services: {web: {image: x, cap_drop: [ALL], cap_add: [CHOWN]}}", False),
    "other security options stay": (
        "services: {web: {image: x, security_opt: ['apparmor:unconfined', 'no-new-privileges:true']}}",
        False,
    ),
    "another seccomp profile goes": (
        "services: {web: {image: x, security_opt: ['seccomp:unconfined', 'apparmor:docker-default']}}",
        True,
    ),
    "a refused no-new-privileges goes": (
        "services: {web: {image: x, security_opt: ['no-new-privileges:false']}}",
        True,
    ),
    "another tmpfs stays": ("services: {web: {image: x, tmpfs: [/run, '/cache:size=5m']}}", False),
    "one tmpfs that is a string": ("services: {web: {image: x, tmpfs: /run}}", False),
    "the same tmpfs with other options": (
        "services: {web: {image: x, tmpfs: ['/run', '/tmp:size=24m,mode=1777']}}",
        True,
    ),
    "the same tmpfs": (
        "services: {web: {image: x, tmpfs: ['/tmp:size=64m,mode=1777,uid=0,gid=0,noexec,nosuid,nodev']}}",
        False,
    ),
    "a tmpfs in long syntax on the same path": (
        "services: {web: {image: x, volumes: [{type: tmpfs, target: /tmp, tmpfs: {size: 10m}},"
        " 'data:/data']}}\n"
        "volumes: {data: {}}",
        True,
    ),
    "volumes in short and long syntax": (
        dedent("""
            services:
              web:
                image: x
                volumes:
                  - data:/data
                  - ./site:/site
                  - {type: bind, source: /etc/hostname, target: /host, read_only: true}
                  - /anonymous
                  - {type: volume, source: data, target: /copy, volume: {nocopy: true}}
            volumes: {data: {}}
        """),
        False,
    ),
    "an anonymous volume where a named one comes": (
        "services: {web: {image: x, volumes: [/var/cache/app]}}",
        False,
    ),
    "limits": ("services: {web: {image: x, mem_limit: 100m, cpus: 0.5, pids_limit: 7}}", False),
    "limits of the deployment": (
        "services: {web: {image: x, deploy: {replicas: 2, resources: {limits: {memory: 100M, cpus: '0.5'},"
        " reservations: {memory: 10M}}}}}",
        False,
    ),
    "limits in both places": (
        "services: {web: {image: x, mem_limit: 100m, deploy: {resources: {limits: {memory: 100m}}}}}",
        False,
    ),
    "an empty section of limits": ("services: {web: {image: x, deploy: {resources: {limits: {}}}}}", False),
    "a deployment without limits": ("services: {web: {image: x, deploy: {replicas: 1}}}", False),
    "ulimits": (
        "services: {web: {image: x, ulimits: {nofile: 100, nproc: {soft: 5, hard: 6}}}}",
        False,
    ),
    "logging of its own": (
        "services: {web: {image: x, logging: {driver: local, options: {max-size: 5m}}}}",
        False,
    ),
    "a user and groups": ("services: {web: {image: x, user: root, group_add: [video, 4]}}", False),
    "privileged": ("services: {web: {image: x, privileged: true, cap_add: [KILL]}}", False),
    "dollars": (
        "services: {web: {image: x, environment: {A: 'a$$b'}, command: ['sh', '-c', 'echo $$HOME'],"
        " volumes: ['./a$$b:/data']}}",
        False,
    ),
    "anchors and extensions": (
        dedent("""
            x-base: &base
              image: x
              tmpfs: [/run]
              cap_drop: [ALL]
            services:
              web: {<<: *base, init: true}
              other: {<<: *base, user: "5"}
        """),
        False,
    ),
    "profiles": ("services: {web: {image: x, profiles: [tools]}, other: {image: y}}", False),
    "one network and a fixed name": (
        "services: {web: {image: x, networks: [back], container_name: one}}\n"
        "networks: {back: {internal: true}}",
        False,
    ),
    "secrets and configs from files": (
        "services: {web: {image: x, secrets: [key], configs: [{source: conf, target: /etc/conf}]}}\n"
        "secrets: {key: {file: ./key}}\nconfigs: {conf: {file: ./conf}}",
        False,
    ),
    "a config by content": (
        "services: {web: {image: x, configs: [conf, other]}}\n"
        "configs: {conf: {content: 'a $$b'}, other: {file: ./conf}}",
        True,
    ),
    "a secret from the environment": (
        "services: {web: {image: x, secrets: [key], configs: [conf]}}\n"
        "secrets: {key: {environment: HOME}}\nconfigs: {conf: {content: text}}",
        False,
    ),
    "health check, dependencies, restart": (
        dedent("""
            services:
              web:
                image: x
                healthcheck: {test: ["CMD", "true"], interval: 5s}
                depends_on: {db: {condition: service_healthy, restart: true}}
                restart: unless-stopped
                stop_signal: SIGQUIT
              db: {image: y, healthcheck: {test: "true"}}
        """),
        False,
    ),
    "read-only already": ("services: {web: {image: x, read_only: true, init: true}}", False),
}

SEALS: dict[str, ServiceSeal] = {
    "full": FULL,
    "nothing": NOTHING,
    "no capability": changed(capabilities={"add": frozenset()}, user={"group_add": ()}),
    "read-only mounts": changed(
        filesystem={"read_only_mounts": ("/data", "/site", "/copy"), "tmpfs": (), "volumes": ()}
    ),
    "an init": changed(limits={"init": True}),
    "default profile": changed(syscalls={"base": "docker-default", "off": "asked for"}),
    "odd paths": changed(
        filesystem={
            "tmpfs": (Tmpfs(path="/a b#c: $d'\"é", size=1 << 30),),
            "volumes": (NamedVolume(path="/v$1", name="odd-volume"),),
        }
    ),
}


@pytest.fixture(scope="module")
def compose() -> Compose:
    return Compose()


def put(directory: Path, files: dict[str, str]) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return directory / "compose.yaml"


def check(compose: Compose, file: Path, seal: ServiceSeal, profiles: tuple[str, ...] = ()) -> str:
    project = compose.resolve([file], profiles)
    output = project.directory / "sealed"
    seals = of_project(web=seal)
    text = override(project, seals, output, compose.version)
    put(output, {"compose.sealed.yaml": text, "seccomp/web.json": seccomp(seal)})
    put(output / "configs", inline_configs(project.config, seals.services))
    merged = compose.config_of([file, output / "compose.sealed.yaml"], profiles)
    expected = sealed_project(project.config, seals.services, Path("sealed"), project.directory)
    assert json.dumps(merged, sort_keys=True, indent=1) == json.dumps(expected, sort_keys=True, indent=1)
    return text


@pytest.mark.parametrize("seal", SEALS.values(), ids=SEALS)
@pytest.mark.parametrize(("base", "replaces"), BASES.values(), ids=BASES)
def test_the_base_with_the_override_is_the_sealed_project(
    compose: Compose, tmp_path: Path, base: str, replaces: bool, seal: ServiceSeal
) -> None:
    profiles = ("tools",) if "profiles" in base else ()
    text = check(compose, put(tmp_path / "shop", {"compose.yaml": base}), seal, profiles)
    if seal is FULL:
        assert ("!override" in text or "!reset" in text) == replaces


@pytest.mark.parametrize(("base", "replaces"), BASES.values(), ids=BASES)
def test_an_old_compose_is_refused_only_where_something_must_go(
    compose: Compose, tmp_path: Path, base: str, replaces: bool
) -> None:
    project = compose.resolve([put(tmp_path, {"compose.yaml": base})], ("tools",))
    if replaces:
        with pytest.raises(GroundError, match=r"2\.24\.3") as caught:
            override(project, of_project(web=FULL), tmp_path / "out", "2.24.3")
        assert "2.24.4" in caught.value.next_step
    else:
        override(project, of_project(web=FULL), tmp_path / "out", "v2.5.0")
    override(project, of_project(web=FULL), tmp_path / "out", "2.24.4")


def test_extended_and_included_services_are_sealed_like_others(compose: Compose, tmp_path: Path) -> None:
    file = put(
        tmp_path,
        {
            "compose.yaml": "include: [more/compose.yaml]\n"
            "services: {other: {extends: {file: common.yaml, service: base}}}",
            "common.yaml": "services: {base: {image: y, tmpfs: [/run], cap_add: [SYS_TIME]}}",
            "more/compose.yaml": "services: {web: {image: x, volumes: ['./data:/data', 'state:/s'],"
            " env_file: .env.web}}\nvolumes: {state: {}}",
            "more/.env.web": "PASSWORD='a$b'\n",
        },
    )
    text = check(compose, file, changed(filesystem={"read_only_mounts": ("/data",)}))
    assert "source: ./more/data" in text
    assert "a$b" not in text


def test_several_files_and_a_project_that_moves(compose: Compose, tmp_path: Path) -> None:
    first = put(
        tmp_path / "here",
        {
            "compose.yaml": "services: {web: {image: x, volumes: ['./data:/data'], configs: [c]}}\n"
            "configs: {c: {content: hello}}",
            "compose.more.yaml": "services: {web: {cap_add: [NET_ADMIN]}}",
        },
    )
    more = first.with_name("compose.more.yaml")
    project = compose.resolve([first, more])
    seal = of_project(web=changed(filesystem={"read_only_mounts": ("/data",)}))
    text = override(project, seal, project.directory / "sealed" / "deep", compose.version)
    assert "-f compose.yaml -f compose.more.yaml -f sealed/deep/compose.sealed.yaml" in text
    assert str(tmp_path) not in text
    put(project.directory / "sealed" / "deep", {"compose.sealed.yaml": text})
    moved = tmp_path / "there"
    shutil.copytree(tmp_path / "here", moved)
    files = [moved / file.relative_to(project.directory) for file in project.files]
    there = compose.resolve(files)
    merged = compose.config_of([*files, moved / "sealed/deep/compose.sealed.yaml"])
    expected = sealed_project(there.config, seal.services, Path("sealed/deep"), moved)
    assert merged == expected
