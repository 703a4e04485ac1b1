"""Whole projects and images by the real command line: the demo, everything that Compose can say, `docker run`."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lacre.engine import Compose
from lacre.render import sealed_project
from tests.sealing import (
    OVERRIDE,
    TABLE,
    SealedServer,
    copy_of,
    deployed,
    lacre,
    leftovers,
    not_in_force,
    processes,
    seal,
)
from tests.servers.harness import SERVERS, Deployment, Server

CLIENT = SERVERS / "lib" / "resp.py"

FindServer = Callable[[str], Server]


@pytest.fixture(scope="module")
def sealed_demo(demo: Server, tmp_path_factory: pytest.TempPathFactory) -> SealedServer:
    sealed = seal(demo, tmp_path_factory.mktemp("sealed-demo"))
    TABLE.add(sealed, f"demo/{sealed.service}")
    return sealed


def test_the_demo_is_sealed_and_works_under_its_seal(sealed_demo: SealedServer, tmp_path: Path) -> None:
    assert sealed_demo.ran.code == 0
    assert set(sealed_demo.seal.services) == {"web", "app", "db"}
    with deployed(sealed_demo, "sealed-demo", tmp_path) as up:
        up.exercise("sh smoke.sh", "first")
        containers = up.containers()
        wrong = {
            service: missing
            for container in containers
            if (service := container["Config"]["Labels"]["com.docker.compose.service"])
            and (missing := not_in_force(container, sealed_demo.seal.services[service]))
        }
        assert not wrong
        up.compose("stop")
        up.up()
        up.exercise("sh smoke.sh", "second")


def test_what_was_proved_is_what_is_written(sealed_demo: SealedServer) -> None:
    """Base and override, as Compose reads them together, are the project that the proof ran (but for the twin)."""
    compose, directory = Compose(), sealed_demo.directory
    base = compose.resolve([directory / "compose.yaml"])
    together = compose.resolve([directory / "compose.yaml", directory / OVERRIDE])
    proved = sealed_project(base.config, sealed_demo.seal.services, Path("sealed"), directory)
    again = directory / "again.yaml"
    again.write_text(json.dumps(doubled(proved)))
    try:
        assert compose.resolve([again]).config == together.config
    finally:
        again.unlink()


def doubled(value: Any) -> Any:
    """With `$` doubled, as Compose wants it in a file."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: doubled(item) for key, item in value.items()}
    return [doubled(item) for item in value] if isinstance(value, list) else value


# ---- everything that Compose can say -------------------------------------------------------------

APP = "lacre-test/migrate"  # Python on Debian, with a user of its own
SERVER = """
import http.server, os, pathlib, signal, socketserver, sys
kept = pathlib.Path(os.environ.get("KEEP", "/data"))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        try:
            secret = pathlib.Path("/run/secrets/key").read_text().strip()
            said = pathlib.Path("/etc/app/words").read_text().strip() if self.path == "/words" else ""
            (kept / f"visit-{os.uname().nodename}").write_text("seen")
            (pathlib.Path("/work") / "note").write_text("noted")
            body = f"{os.environ['GREETING']} {secret} {said} {len(list(kept.iterdir()))}\\n".encode()
            self.send_response(200)
        except Exception as error:
            body = repr(error).encode()
            self.send_response(500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words): pass
class Server(socketserver.ThreadingMixIn, http.server.HTTPServer): pass
signal.signal(signal.SIGINT, lambda *_: sys.exit(7))
Server(("", 8000), Handler).serve_forever()
"""
COMPOSE = {
    "compose.yaml": """
        include: [more/queue.yaml]
        x-common: &common
          restart: unless-stopped
          networks: [front, back]
        services:
          app:
            <<: *common
            extends: {file: base.yaml, service: python}
            command: [python3, /srv/serve.py]
            env_file: [app.env]
            environment: {KEEP: /data}
            depends_on:
              migrate: {condition: service_completed_successfully}
              queue: {condition: service_healthy}
            secrets: [key]
            configs: [{source: words, target: /etc/app/words}]
            volumes:
              - data:/data
              - ./work:/work
              - ./serve.py:/srv/serve.py:ro
            healthcheck:
              test: [CMD, python3, -c, "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/', timeout=3)"]
              interval: 1s
              timeout: 5s
              retries: 30
            init: true
            stop_signal: SIGINT
            stop_grace_period: 4s
            tmpfs: ["/scratch:size=8m"]
            cap_add: [NET_ADMIN]
            security_opt: ["no-new-privileges:true"]
            deploy: {replicas: 2}
            expose: ["8000"]
          migrate:
            image: lacre-test/migrate
            user: root
            command: [sh, -c, "mkdir -p /data/ready && chown -R 10001 /data && echo migrated"]
            volumes: [data:/data]
            networks: [back]
          debug:
            image: lacre-test/migrate
            profiles: [debug]
            command: sleep 600
            stop_grace_period: 0s
            healthcheck: {test: [CMD, "true"], interval: 1s}
            networks: [back]
          asleep:
            image: lacre-test/migrate
            profiles: [never]
            command: "false"
        networks: {front: {}, back: {internal: true}}
        volumes: {data: {}}
        secrets: {key: {file: ./key.txt}}
        configs: {words: {content: "words of ${WHO:?set in .env}"}}
    """,
    "base.yaml": """
        services:
          python:
            image: lacre-test/migrate
            user: "10001:10001"
            environment: {PYTHONUNBUFFERED: "1"}
    """,
    "more/queue.yaml": """
        services:
          queue:
            image: lacre-test/redis
            networks: [back]
            healthcheck: {test: [CMD, redis-cli, ping], interval: 1s, retries: 20}
        networks: {back: {internal: true}}
    """,
    "app.env": "GREETING=hello\n",
    ".env": "WHO=everybody\n",
    "key.txt": "sesame\n",
    "serve.py": SERVER,
    "exercise.sh": """
        set -eu
        curl -fsS -m 10 "http://$LACRE_APP_8000/words" | grep -q 'hello sesame words of everybody'
        for n in 1 2 3 4; do curl -fsS -m 10 "http://$LACRE_APP_8000/" | grep -q 'hello sesame'; done
    """,
}
PROFILE = ("--profile", "debug")


@pytest.fixture(scope="module")
def everything(test_server: FindServer, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """A project that says most of what Compose can say."""
    test_server("migrate")
    test_server("redis")
    directory = tmp_path_factory.mktemp("everything") / "everything"
    (directory / "more").mkdir(parents=True)
    (directory / "work").mkdir(mode=0o777)
    (directory / "work").chmod(0o777)
    for name, text in COMPOSE.items():
        (directory / name).write_text(textwrap.dedent(text))
    return Server("everything", directory)


@pytest.fixture(scope="module")
def sealed_everything(everything: Server, tmp_path_factory: pytest.TempPathFactory) -> SealedServer:
    sealed = seal(everything, tmp_path_factory.mktemp("sealed-everything"), *PROFILE)
    TABLE.add(sealed, "everything")
    return sealed


@pytest.mark.long
def test_everything_that_compose_can_say_is_sealed_in_one_go(
    sealed_everything: SealedServer, tmp_path: Path
) -> None:
    sealed = sealed_everything
    assert set(sealed.seal.services) == {"app", "migrate", "queue", "debug"}
    app = sealed.main
    assert app.user.user in (None, "10001:10001")
    assert not app.capabilities.add, "NET_ADMIN is not needed"
    assert not (sealed.directory / "work" / "note").exists(), "a twin wrote into the project's directory"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copied = copy_of(sealed.server, elsewhere)
    (copied.directory / "work").chmod(0o777)
    files = ("compose.yaml", OVERRIDE)
    more = {"COMPOSE_PROFILES": "debug"}
    with Deployment(copied.directory, "sealed-everything", files, environment=more) as up:
        up.exercise("sh exercise.sh", "first")
        containers = up.containers()
        services = [c["Config"]["Labels"]["com.docker.compose.service"] for c in containers]
        assert sorted(services) == ["app", "app", "debug", "migrate", "queue"]
        wrong = {}
        for container, service in zip(containers, services, strict=True):
            if container["State"]["Running"]:
                missing = not_in_force(container, sealed.seal.services[service])
                if missing:
                    wrong[service] = missing
        assert not wrong
        for container in (c for c, s in zip(containers, services, strict=True) if s == "app"):
            host = container["HostConfig"]
            assert host["Init"] is True
            assert container["Config"]["StopSignal"] == "SIGINT"
            assert container["Config"]["StopTimeout"] == 4
            assert container["Config"]["User"].startswith("10001")
            assert "size=8m" in host["Tmpfs"]["/scratch"]
            assert len(container["NetworkSettings"]["Networks"]) == 2
            assert len(processes(container)) >= 2
        up.compose("stop")
        ends = {c["State"]["ExitCode"] for c, s in zip(up.containers(), services, strict=True) if s == "app"}
        assert ends == {7}


@pytest.mark.long
def test_one_service_of_a_project_is_sealed_while_the_rest_stays(everything: Server, tmp_path: Path) -> None:
    copied = copy_of(everything, tmp_path)
    ran = lacre(
        "seal",
        "--service",
        "queue",
        "--exercise",
        "sh exercise.sh",
        "-o",
        "sealed",
        directory=copied.directory,
    )
    assert ran.code == 0, str(ran)
    override = (copied.directory / OVERRIDE).read_text()
    assert "  queue:" in override
    assert "  app:" not in override and "  migrate:" not in override
    assert not leftovers()


# ---- an image ------------------------------------------------------------------------------------


@pytest.fixture
def container_name(engine: str) -> Iterator[str]:
    name = "redis"
    there = subprocess.run(["docker", "inspect", name], capture_output=True, check=False)
    if there.returncode == 0:
        pytest.skip(f"there is a container named {name} already")
    yield name
    mounts = '{{range .Mounts}}{{if eq .Type "volume"}}{{.Name}} {{end}}{{end}}'
    shown = subprocess.run(
        ["docker", "inspect", "--format", mounts, name], capture_output=True, text=True, check=False
    )
    subprocess.run(["docker", "rm", "-fv", name], capture_output=True, check=False)
    for volume in shown.stdout.split():  # `rm -v` keeps those with a name
        subprocess.run(["docker", "volume", "rm", "-f", volume], capture_output=True, check=False)


def test_the_line_printed_for_an_image_starts_a_sealed_container_that_works(
    test_server: FindServer, tmp_path: Path, container_name: str
) -> None:
    test_server("redis")
    ran = lacre(
        "seal", "lacre-test/redis", "-o", "sealed", "--format", "json", "--exercise",
        f"python3 {CLIENT} $LACRE_REDIS_6379 PING | grep -q PONG", "--", "-p", "127.0.0.1::6379",
        "-e", "MODE=test", "--health-cmd", "redis-cli ping", directory=tmp_path,
    )  # fmt: skip
    assert ran.code == 0, str(ran)
    shown = json.loads(ran.output)
    line = shown["next"]
    assert line.startswith("docker run ")
    started = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert started.returncode == 0, f"{line}\n{started.stderr}"
    sealed = SealedServer(Server("redis", tmp_path), tmp_path, tmp_path / "sealed", ran, ())
    deadline = time.monotonic() + 20
    address = subprocess.run(
        ["docker", "port", container_name, "6379"], capture_output=True, text=True, check=True
    ).stdout.split()[0]
    ping = [sys.executable, str(CLIENT), address, "PING"]
    answer = subprocess.run(ping, capture_output=True, text=True, check=False)
    while (
        answer.returncode != 0 and time.monotonic() < deadline
    ):  # the published port accepts before the server
        answer = subprocess.run(ping, capture_output=True, text=True, check=False)
    assert "PONG" in answer.stdout
    inspected = subprocess.run(
        ["docker", "inspect", container_name], capture_output=True, text=True, check=True
    )
    (container,) = json.loads(inspected.stdout)
    assert not not_in_force(container, sealed.main)
    verified = lacre("verify", "sealed", "--", "-p", "127.0.0.1::6379", "-e", "MODE=test", "--health-cmd",
                     "redis-cli ping", directory=tmp_path)  # fmt: skip
    assert verified.code == 0, str(verified)
