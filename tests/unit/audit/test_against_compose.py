"""The light reader's view of a project against the real `docker compose config`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lacre.audit.facts.service import Service
from lacre.audit.facts.services import services
from lacre.audit.read.compose import read_project
from tests.against_compose import config, differences

PROJECTS: dict[str, tuple[list[str], dict[str, str]]] = {
    "anchors and merge keys": (
        ["compose.yaml"],
        {
            "compose.yaml": """
x-a: &a {cap_drop: [ALL], user: "1"}
x-b: &b {user: "2", read_only: true}
services:
  one: {<<: [*a, *b], image: x}
  two:
    image: x
    <<: *b
    user: "3"
  three: &t {image: y, environment: &e {A: 1}}
  four: {<<: *t, environment: {<<: *e, B: two}}
"""
        },
    ),
    "several files": (
        ["a/compose.yaml", "b/over.yaml"],
        {
            "a/compose.yaml": """
services:
  web:
    image: x:1
    command: [a, b]
    environment: [A=1, B=2]
    volumes: ["./data:/data", "v:/v"]
    ports: ["80:80", "127.0.0.1:443:443"]
    cap_add: [CHOWN]
    security_opt: [no-new-privileges]
    tmpfs: /run
volumes: {v: {}}
""",
            "b/over.yaml": """
services:
  web:
    command: [c]
    environment: {B: 3, C: "4"}
    volumes: ["./other:/data:ro", {type: bind, source: /etc, target: /e}]
    ports: ["8080:80"]
    cap_add: [KILL, CHOWN]
    privileged: true
    tmpfs: [/tmp]
""",
        },
    ),
    "reset and override": (
        ["compose.yaml", "o.yaml"],
        {
            "compose.yaml": "services:\n  a: {image: x, ports: ['1:1'], cap_add: [KILL], user: '1', "
            "environment: {A: 1, B: 2}}\n",
            "o.yaml": "services:\n  a:\n    ports: !override ['2:2']\n    cap_add: !reset []\n    user: !reset null\n"
            "    environment:\n      A: !reset null\n",
        },
    ),
    "extends across files": (
        ["compose.yaml"],
        {
            "compose.yaml": """
services:
  web:
    extends: {file: base/common.yml, service: app}
    environment: {B: own}
    ports: ["127.0.0.1:80:80"]
  job: {extends: web, command: [job]}
""",
            "base/common.yml": """
services:
  root: {image: "x:1", privileged: true, volumes: ["./conf:/conf", "/run/docker.sock:/s"]}
  app: {extends: {service: root}, environment: {A: base, B: base}, cap_add: [KILL]}
""",
        },
    ),
    "include": (
        ["compose.yaml"],
        {
            "compose.yaml": "include:\n  - sub/compose.yaml\n  - path: [other/a.yml, other/b.yml]\n"
            "services: {a: {image: 'x:1'}}\n",
            "sub/compose.yaml": "services: {b: {image: 'x:${TAG}', volumes: ['./d:/d']}}",
            "sub/.env": "TAG=7\n",
            "other/a.yml": "services: {c: {image: 'x:1', user: '1'}}",
            "other/b.yml": "services: {c: {user: '2', read_only: true}}",
        },
    ),
    "variables": (
        ["compose.yaml"],
        {
            "compose.yaml": """
services:
  a:
    image: "${NAME:-nginx}:${TAG}"
    user: "${WHO-5}"
    environment:
      A: "$$HOME ${Q} ${E:-empty} ${E-kept} ${TAG:+set}${NO:+not}"
      B: "${X:-${TAG}}"
    privileged: ${PRIV:-false}
    command: ["echo", "$TAG"]
    volumes: ["./d://d/"]
  b: {image: x, environment: [TAG, NOWHERE, EMPTY=]}
  c: {image: x, environment: {Q: , D: "", E: ~}}
""",
            ".env": "TAG=1.2 # comment\nexport Q='a $TAG b'\nE=\n# C=1\nD=\"x\\ty\"\n",
        },
    ),
    "variables that Compose itself says": (
        ["compose.yaml"],
        {
            "compose.yaml": """
include: [sub/compose.yaml]
services:
  a: {image: "${COMPOSE_PROJECT_NAME}", volumes: ["${PWD}/d:/d", "$PWD:/p"], environment: ["A=${PWD:-no}"]}
""",
            "sub/compose.yaml": "services: {b: {image: '${COMPOSE_PROJECT_NAME}', volumes: ['${PWD}:/p']}}",
        },
    ),
    "a project that names itself": (
        ["compose.yaml"],
        {
            "compose.yaml": "name: n${TAG}\nservices: {a: {image: '${COMPOSE_PROJECT_NAME}'}}\n",
            ".env": "TAG=7\nPWD=elsewhere\n",
        },
    ),
    "a project that its .env names": (
        ["compose.yaml"],
        {
            "compose.yaml": "name: n\nservices: {a: {image: '${COMPOSE_PROJECT_NAME}:${PWD:+set}'}}\n",
            ".env": "COMPOSE_PROJECT_NAME=other\n",
        },
    ),
    "files of variables": (
        ["compose.yaml"],
        {
            "compose.yaml": """
services:
  a:
    image: x
    env_file: [one.env, {path: raw.env, format: raw}, {path: none.env, required: false}]
    environment: {B: own}
  b: {image: x, env_file: one.env}
""",
            "one.env": "A=1 # one\nB='2'\nC=\"x $A\"\n",
            "raw.env": "# no\nD='2' # all of it\n\nE=$A\nF=a=b \n  I=1\nH=\n",
        },
    ),
    "variables in the items of lists": (
        ["compose.yaml"],
        {
            "compose.yaml": """
services:
  a:
    image: x
    environment: ["${PRE}_TOKEN=t", "${WHOLE:-A=b=c}", "${LINE}", "N_${NO:-1}=${TAG}", "PLAIN", "${BARE}", "E=${TAG}=1"]
    labels: ["router-${NO:-1}.rule=Host(`${TAG}`)", "${PRE}", "q=${E-a=b}"]
    networks: ["${NET:-back}"]
  b:
    image: x
    environment: {"${PRE}": "${TAG}"}
networks: {back: {}}
""",
            ".env": "TAG=7\nPRE=APP\nLINE=C=d\nBARE=PRE\n",
        },
    ),
    "two volumes at one place": (
        ["compose.yaml"],
        {
            "compose.yaml": """
services:
  a:
    image: x
    volumes: ["first:/data", "./other:/data/", "/etc:/e:ro", {type: bind, source: /srv, target: "${AT:-/e}"}, "/tmp:/t"]
volumes: {first: {}}
""",
        },
    ),
    "what is reset is not there, in one file too": (
        ["compose.yaml"],
        {
            "compose.yaml": """
services:
  a:
    image: x
    user: !reset root
    cap_add: !reset [SYS_ADMIN]
    environment: {A: !reset 1, B: 2}
    labels: !override {c: d}
""",
        },
    ),
    "a file that two included files include": (
        ["compose.yaml"],
        {
            "compose.yaml": "include: [a.yaml, b.yaml]\nservices: {m: {image: x}}\n",
            "a.yaml": "include: [c.yaml]\nservices: {a: {image: x}}\n",
            "b.yaml": "include: [c.yaml]\nservices: {b: {image: x}}\n",
            "c.yaml": "services: {c: {image: x, user: '1'}}\n",
        },
    ),
    "thirty included files": (
        ["compose.yaml"],
        {
            "compose.yaml": "include:\n" + "".join(f"  - {n}/compose.yaml\n" for n in range(30)),
            **{f"{n}/compose.yaml": f"services: {{s{n}: {{image: 'x:{n}'}}}}\n" for n in range(30)},
        },
    ),
    "documents and odd spellings": (
        ["compose.yaml"],
        {
            "compose.yaml": """\ufeff# a comment
name: odd
services:
  "a-c.d":
    image: >-
      x:1
    volumes:
      - type: bind
        source: ../up
        target: /up
        read_only: true
      - "/abs/:/abs:ro,z"
      - anonymous:/n
      - /only
    ports: [80, "53:53/udp", "[::1]:1:2", {target: 7, published: "8", host_ip: 127.0.0.2}, "6000-6001:6000-6001"]
    environment:
      - BARE
      - EMPTY=
      - "EQ=a=b"
    cap_drop: ["all"]
    security_opt: ["seccomp:unconfined"]
    tmpfs: ["/t:size=1m"]
    pid: host
    networks: {default: {aliases: [q]}}
volumes: {anonymous: {}}
---
services:
  second: {image: y, profiles: [debug], network_mode: host}
""",
        },
    ),
}


def ours(folder: Path, files: list[str]) -> dict[str, Service]:
    """The services that the light reader sees."""
    project = read_project([folder / file for file in files])
    assert project.notes == []
    return {service.name: service for service in services(project)}


def check(folder: Path, files: list[str], texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    wanted, found = config(folder, files)["services"], ours(folder, files)
    assert found.keys() == wanted.keys()
    for name, service in found.items():
        assert list(differences(wanted[name], service)) == []


@pytest.mark.parametrize("name", PROJECTS)
def test_the_light_reader_sees_what_compose_sees(name: str, tmp_path: Path) -> None:
    check(tmp_path, *PROJECTS[name])


_WORDS = st.sampled_from(
    ["a", "b-1", "x:1", "yes", "07", "é", "a b", "#x", "'q'", '"', "1.0", "null", "~", "- a", "a: b"]
)
_SERVICE = st.fixed_dictionaries(
    {"image": st.sampled_from(["nginx", "x:1", "r.example:5000/x/y:2", "x@sha256:" + "0" * 64])},
    optional={
        "privileged": st.booleans(),
        "user": st.sampled_from(["0", "1000:1000", "root"]),
        "read_only": st.booleans(),
        "cap_add": st.lists(st.sampled_from(["KILL", "NET_ADMIN", "SYS_ADMIN"]), unique=True, max_size=2),
        "cap_drop": st.just(["ALL"]),
        "environment": st.one_of(
            st.dictionaries(st.sampled_from(["A", "B_1", "PASSWORD"]), _WORDS, max_size=3),
            st.lists(st.sampled_from(["A=1", "B=x y", "C=", "D=a=b"]), unique=True, max_size=3),
        ),
        "volumes": st.lists(
            st.sampled_from(["./a:/a", "./z:/a:ro", "/etc:/b:ro", "v:/c", "/run/docker.sock:/d"]),
            unique_by=lambda text: text.split(":")[1],
            max_size=3,
        ),
        "ports": st.lists(
            st.sampled_from(["80:80", "127.0.0.1:81:81", "82", "[::1]:83:83", "84:84/udp"]),
            unique=True,
            max_size=3,
        ),
        "command": st.lists(st.sampled_from(["a", "b c", "--x=y", "#"]), min_size=1, max_size=3),
        "pid": st.just("host"),
        "restart": st.sampled_from(["always", "no", "on-failure:3"]),
    },
)


_NAMES = st.sampled_from([f"s{number}" for number in range(10)])


# Each example starts Compose, which costs more than ten services in it: few examples with many services.
@settings(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    base=st.dictionaries(_NAMES, _SERVICE, min_size=6, max_size=10),
    over=st.dictionaries(_NAMES, _SERVICE, max_size=7),
)
def test_the_light_reader_sees_what_compose_sees_in_any_pair_of_files(base: Any, over: Any) -> None:
    import yaml  # noqa: PLC0415

    volumes = {"volumes": {"v": None}}
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "compose.yaml": yaml.safe_dump({"services": base, **volumes}, allow_unicode=True),
            "over.yaml": yaml.safe_dump({"services": over} if over else {"services": {}}, allow_unicode=True),
        }
        check(Path(folder), ["compose.yaml", "over.yaml"], files)
