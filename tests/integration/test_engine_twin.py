"""Twins of real projects: never the original's, all of the application's, and gone at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import lacre
from lacre.engine import Compose, Engine, Project, Twin, clean, leftovers
from lacre.errors import EngineError
from tests.integration.engine_fixtures import IMAGE, compose, docker, docker_engine, project, twin_of

__all__ = ["compose", "docker_engine", "project", "twin_of"]

Projects = Callable[..., Project]
Twins = Callable[..., Twin]


def ask(address: str, port: int = 8000, seconds: float = 10) -> str:
    """What the service answers; waits for it to listen (a published port is accepted before that)."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            with socket.create_connection((address, port), timeout=2) as connection:
                answer = connection.makefile().read()
            if answer or time.monotonic() > deadline:
                return answer
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def up(twin: Twin) -> None:
    started = twin.start()
    assert started.ok, started


def read(engine: Engine, twin: Twin, service: str, path: str, expected: str) -> None:
    """The file of the container has the content, soon."""
    deadline = time.monotonic() + 10
    content: bytes | None = None
    while time.monotonic() < deadline:
        content = engine.get_file(twin.of(service).id, path)
        if content is not None and content.decode() == expected:
            return
        time.sleep(0.05)
    pytest.fail(f"{path}: {content!r}")


def test_the_original_beside_it_loses_nothing(
    docker_engine: Engine, compose: Compose, project: Projects, twin_of: Twins, tmp_path: Path
) -> None:
    (tmp_path / "shared").mkdir()
    original = project("""
        name: lacre-test-original
        services:
          web:
            image: IMAGE
            container_name: lacre-test-original-web
            command: [sh, -c, SERVE]
            ports: ["127.0.0.1:18931:8000"]
            restart: always
            stop_grace_period: 1s
            networks: {own: {ipv4_address: 172.30.177.5}}
            volumes: [data:/data, ./shared:/shared]
          writer:
            image: IMAGE
            command: sh -c 'while :; do date >> /data/log; date >> /shared/log; sleep 0.1; done'
            networks: [own]
            stop_grace_period: 0s
            volumes: [data:/data, ./shared:/shared]
        networks: {own: {ipam: {config: [{subnet: 172.30.177.0/24}]}}}
        volumes: {data: {name: lacre-test-original-data}}
    """)
    files = ["compose", "-f", str(original.files[0])]
    docker(*files, "up", "-d")
    done = threading.Event()
    answers: list[str] = []

    def load() -> None:
        while not done.is_set():
            try:
                answers.append(ask("127.0.0.1", 18931, seconds=0))
            except OSError as problem:
                answers.append(str(problem))
            time.sleep(0.02)

    try:
        assert ask("127.0.0.1", 18931) == "hello\n"
        before = docker_engine.inspect("lacre-test-original-web")
        volumes_before = docker("volume", "inspect", "lacre-test-original-data")
        thread = threading.Thread(target=load)
        thread.start()
        with twin_of(original) as twin:
            twin.create()
            up(twin)
            assert ask(twin.address("web")) == "hello\n"
            theirs = [docker_engine.inspect(container.id) for container in twin.containers]
            twin.stop()
            assert twin.start_again().ok
            twin.stop()
            twin.recreate()
            up(twin)
            assert ask(twin.address("web")) == "hello\n"
            log = docker_engine.get_file(twin.of("writer").id, "/data/log")
            assert log is not None
            assert len(log.splitlines()) < 600
        done.set()
        thread.join()
        after = docker_engine.inspect("lacre-test-original-web")
        assert (after["State"], after["RestartCount"]) == (before["State"], before["RestartCount"])
        assert len(answers) > 20
        assert set(answers) == {"hello\n"}
        assert docker("volume", "inspect", "lacre-test-original-data") == volumes_before
        for theirs_one in theirs:
            assert not theirs_one["HostConfig"]["PortBindings"]
            assert not set(theirs_one["NetworkSettings"]["Networks"]) & set(
                before["NetworkSettings"]["Networks"]
            )
            sources = {mount["Source"] for mount in theirs_one["Mounts"]}
            assert not sources & {mount["Source"] for mount in before["Mounts"]}
            assert theirs_one["Name"] != before["Name"]
    finally:
        done.set()
        docker(*files, "down", "-v", "-t", "1")


def test_a_bind_mount_is_an_overlay_that_leaves_the_original_untouched(
    docker_engine: Engine, project: Projects, twin_of: Twins, tmp_path: Path
) -> None:
    place = tmp_path / "a:b \\c"
    place.mkdir(mode=0o750)
    os.chown(place, 33, 34)
    (place / "old").write_text("old\n")
    (place / "gone").write_text("gone\n")
    (tmp_path / "conf").write_text("conf\n")
    (tmp_path / "read").mkdir()
    (tmp_path / "link").symlink_to(place)
    target = project(f"""
        services:
          one:
            image: IMAGE
            command: sh -c 'stat -c %a:%u:%g /x > /tmp/stat; echo new >> /x/old; rm /x/gone; echo 1 > /x/made;
              echo more >> /conf; ! touch /read/x; sleep 600'
            init: true
            volumes:
              - {{type: bind, source: {_yaml(place)}, target: /x}}
              - ./conf:/conf
              - ./read:/read:ro
          two:
            image: IMAGE
            command: sleep 600
            init: true
            volumes:
              - {{type: bind, source: {_yaml(tmp_path / "link")}, target: /y, read_only: true}}
              - ./conf:/conf:ro
              - ./not/there:/made
    """)
    with twin_of(target) as twin:
        twin.create()
        up(twin)
        read(docker_engine, twin, "one", "/x/made", "1\n")
        read(docker_engine, twin, "one", "/conf", "conf\nmore\n")
        read(docker_engine, twin, "one", "/tmp/stat", "750:33:34\n")
        read(docker_engine, twin, "two", "/y/old", "old\nnew\n")
        read(docker_engine, twin, "two", "/conf", "conf\nmore\n")
        assert docker_engine.get_file(twin.of("two").id, "/y/gone") is None
        assert not [warned for warned in twin.warnings if "copy" in warned.what]
        twin.stop()
        twin.recreate()
        up(twin)
        read(docker_engine, twin, "two", "/y/made", "1\n")
    assert sorted(path.name for path in place.iterdir()) == ["gone", "old"]
    assert (place / "old").read_text() == "old\n"
    assert (tmp_path / "conf").read_text() == "conf\n"
    assert list((tmp_path / "read").iterdir()) == []
    assert not (tmp_path / "not").exists()
    assert f"{tmp_path}" not in Path("/proc/self/mountinfo").read_text()


def test_where_no_overlay_can_be_it_is_a_copy(
    docker_engine: Engine, project: Projects, twin_of: Twins, tmp_path: Path
) -> None:
    place = tmp_path / "a,b"
    (place / "sub").mkdir(parents=True)
    (place / "sub" / "f").write_text("f\n")
    os.chown(place, 5, 6)
    target = project(f"""
        services:
          one:
            image: IMAGE
            command: sh -c 'echo more >> /x/sub/f; stat -c %u:%g /x > /tmp/stat; exec sleep 600'
            stop_grace_period: 0s
            volumes: [{{type: bind, source: {_yaml(place)}, target: /x}}]
    """)
    with twin_of(target) as twin:
        twin.create()
        up(twin)
        read(docker_engine, twin, "one", "/x/sub/f", "f\nmore\n")
        read(docker_engine, twin, "one", "/tmp/stat", "5:6\n")
        assert [warned for warned in twin.warnings if "copy" in warned.what]
    assert (place / "sub" / "f").read_text() == "f\n"


def test_the_engines_socket_cannot_be_reached_below_a_directory(
    docker_engine: Engine, project: Projects, twin_of: Twins
) -> None:
    target = project("""
        services:
          one:
            image: IMAGE
            command: sh -c 'stat -c %F /h/run/docker.sock > /tmp/seen; exec sleep 600'
            stop_grace_period: 0s
            volumes: ["/:/h:ro", "/var/run/docker.sock:/s"]
    """)
    with twin_of(target) as twin:
        twin.create()
        up(twin)
        read(docker_engine, twin, "one", "/tmp/seen", "character special file\n")
        assert docker_engine.get_file(twin.of("one").id, "/s") is None
        assert {warned.service for warned in twin.warnings} == {"one"}


def test_volumes_survive_being_made_anew_named_or_not(
    docker_engine: Engine, project: Projects, twin_of: Twins
) -> None:
    target = project("""
        services:
          one:
            image: IMAGE
            command: sh -c 'for f in /named/f /anonymous/f /layer; do echo x >> $$f; done; exec sleep 600'
            stop_grace_period: 0s
            volumes: [named:/named, /anonymous]
        volumes: {named: {}}
    """)
    with twin_of(target) as twin:
        first = twin.create()
        anonymous = _anonymous_volumes(docker_engine, twin.id)
        assert len(anonymous) == 1
        up(twin)
        read(docker_engine, twin, "one", "/layer", "x\n")
        twin.stop()
        second = twin.recreate()
        assert {c.id for c in first}.isdisjoint(c.id for c in second)
        assert [c.service for c in second] == ["one"]
        assert not twin.state(twin.of("one")).running
        up(twin)
        for path, content in (("/layer", "x\n"), ("/named/f", "x\nx\n"), ("/anonymous/f", "x\nx\n")):
            read(docker_engine, twin, "one", path, content)
        assert _anonymous_volumes(docker_engine, twin.id) == anonymous
    assert not anonymous & set(docker("volume", "ls", "-q").split())


def test_a_clone_has_the_originals_data_and_changes_only_its_own(
    docker_engine: Engine, project: Projects, twin_of: Twins
) -> None:
    target = project("""
        services:
          one:
            image: IMAGE
            command: sh -c 'echo more >> /v/sub/f; stat -c %a:%u:%g /v > /tmp/stat; exec sleep 600'
            stop_grace_period: 0s
            volumes: [vol:/v, never-there:/w]
        volumes: {vol: {external: true, name: lacre-test-clone}, never-there: {}}
    """)
    look = ["run", "--rm", "-v", "lacre-test-clone:/v", IMAGE]
    try:
        docker(*look, "sh", "-c", "mkdir /v/sub; echo f > /v/sub/f; chown 5:6 /v; chmod 700 /v")
        with twin_of(target, clone_data=True) as twin:
            twin.create()
            up(twin)
            read(docker_engine, twin, "one", "/v/sub/f", "f\nmore\n")
            read(docker_engine, twin, "one", "/tmp/stat", "700:5:6\n")
        assert docker(*look, "cat", "/v/sub/f") == "f\n"
    finally:
        docker("volume", "rm", "-f", "lacre-test-clone")


def test_secrets_and_configs_of_every_kind_arrive(
    docker_engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LACRE_TEST_SECRET", "from $the environment")
    (tmp_path / "key").write_text("from a $file")
    (tmp_path / ".env").write_text("NAME=dot env\n")
    (tmp_path / "some.env").write_text("SOME='from $a file'\n")
    (tmp_path / "compose.yaml").write_text(
        textwrap.dedent(f"""
        services:
          one:
            image: {IMAGE}
            command: ["sh", "-c", "echo $$A/$$SOME/$$NAME > /tmp/env; exec sleep 600"]
            stop_grace_period: 0s
            environment: {{A: "a$$b$${{c}}", NAME: "${{NAME}}"}}
            env_file: some.env
            secrets: [key, inline]
            configs: [{{source: text, target: /text}}]
        secrets: {{key: {{file: ./key}}, inline: {{environment: LACRE_TEST_SECRET}}}}
        configs: {{text: {{content: "x$$y ${{NAME}}"}}}}
        """)
    )
    compose = Compose()
    before = _files_with(b"from $the environment")
    with Twin(docker_engine, compose, compose.resolve([tmp_path / "compose.yaml"])) as twin:
        twin.create()
        up(twin)
        read(docker_engine, twin, "one", "/tmp/env", "a$b${c}/from $a file/dot env\n")
        read(docker_engine, twin, "one", "/run/secrets/key", "from a $file")
        read(docker_engine, twin, "one", "/run/secrets/inline", "from $the environment")
        read(docker_engine, twin, "one", "/text", "x$y dot env")
        assert _files_with(b"from $the environment") == before


def test_a_config_with_a_seal_put_in_is_what_runs(
    docker_engine: Engine, compose: Compose, project: Projects, tmp_path: Path
) -> None:
    (tmp_path / "seccomp").mkdir()
    (tmp_path / "seccomp" / "one.json").write_text('{"defaultAction": "SCMP_ACT_ALLOW"}')
    target = project("services: {one: {image: IMAGE, command: [sleep, '600'], stop_grace_period: 0s}}")
    sealed: dict[str, Any] = {
        "read_only": True,
        "user": "33:33",
        "cap_drop": ["ALL"],
        "tmpfs": ["/tmp:size=1m,mode=1777"],
        "security_opt": ["no-new-privileges:true", "seccomp:seccomp/one.json"],
        "mem_limit": 64 << 20,
        "pids_limit": 32,
    }
    config = {**target.config, "services": {"one": {**target.config["services"]["one"], **sealed}}}
    with Twin(docker_engine, compose, target, config) as twin:
        twin.create()
        up(twin)
        host = docker_engine.inspect(twin.of("one").id)["HostConfig"]
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["PidsLimit"]) == (True, ["ALL"], 32)
        assert "seccomp={" in "".join(host["SecurityOpt"])
        assert docker("exec", twin.of("one").id, "id", "-u").strip() == "33"


def test_the_environment_of_an_exercise(project: Projects, twin_of: Twins) -> None:
    target = project("""
        name: lacre-test-env
        services:
          my-web.1:
            {image: IMAGE, command: [sh, -c, SERVE], scale: 2, expose: [8000], ports: ["18933-18934:53/udp"]}
          alone: {image: IMAGE, command: [sleep, '600'], network_mode: none, stop_grace_period: 0s}
          hosted: {image: IMAGE, command: [sleep, '600'], network_mode: host, stop_grace_period: 0s}
    """)
    with twin_of(target) as twin:
        twin.create()
        up(twin)
        environment = twin.environment("second")
        assert ask(environment["LACRE_MY_WEB_1"]) == "hello\n"
        assert environment["LACRE_MY_WEB_1_8000"] == f"{environment['LACRE_MY_WEB_1']}:8000"
        assert environment["LACRE_MY_WEB_1_53"] == f"{environment['LACRE_MY_WEB_1']}:53"
        assert environment["LACRE_PHASE"] == "second"
        of_project = f"label=com.docker.compose.project={environment['LACRE_PROJECT']}"
        of_service = "label=com.docker.compose.service=hosted"
        found = docker("ps", "-q", "--no-trunc", "--filter", of_project, "--filter", of_service)
        assert found.split() == [twin.of("hosted").id], "an exercise reaches the twin, never the original"
        assert environment["LACRE_ALONE"] == ""
        assert environment["LACRE_HOSTED"] != "127.0.0.1"
        numbered = [(container.service, container.number) for container in twin.containers]
        assert numbered == [("alone", 1), ("hosted", 1), ("my-web.1", 1), ("my-web.1", 2)]
        port_start = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
        assert docker("exec", twin.of("hosted").id, "cat", port_start) == Path(port_start).read_text()


def test_the_twin_reaches_its_own_and_nothing_outside(project: Projects, twin_of: Twins) -> None:
    target = project("""
        services:
          web: {image: IMAGE, container_name: the-old-name, command: [sh, -c, SERVE]}
          peer: {image: IMAGE, command: [sleep, '600'], stop_grace_period: 0s}
    """)
    with twin_of(target) as twin:
        twin.create()
        up(twin)
        ask(twin.address("web"))
        script = (
            "use IO::Socket::INET; exit !IO::Socket::INET->new(PeerAddr=>shift, PeerPort=>shift, Timeout=>3)"
        )
        peer = twin.of("peer").id
        assert docker("exec", peer, "perl", "-e", script, "the-old-name", "8000") == ""
        outside = subprocess.run(
            ["docker", "exec", peer, "perl", "-e", script, "192.0.2.1", "80"], check=False, timeout=30
        )
        assert outside.returncode != 0
        begun = time.monotonic()
        subprocess.run(["docker", "exec", peer, "getent", "hosts", "nosuch.example"], check=False, timeout=30)
        assert time.monotonic() - begun < 12


@pytest.mark.parametrize(
    ("service", "condition", "why"),
    [
        ("command: sleep 9, healthcheck: {test: 'false', interval: 1s, retries: 1}", "healthy", "unhealthy"),
        ("command: sh -c 'exit 7'", "completed_successfully", "exited"),
        ("command: sh -c 'exit 7', healthcheck: {test: 'true'}", "healthy", "exited"),
        ("command: sh -c 'exit 7', restart: always, healthcheck: {test: 'true'}", "healthy", "unhealthy"),
        ("command: /no/such/program", "healthy", "not started"),
        ("command: sleep 99, healthcheck: {test: 'false', interval: 600s}", "healthy", "timeout"),
    ],
)
def test_a_start_that_fails_names_the_service_that_failed(
    project: Projects, twin_of: Twins, service: str, condition: str, why: str
) -> None:
    target = project(f"""
        services:
          dep: {{image: IMAGE, stop_grace_period: 0s, {service}}}
          web: {{image: IMAGE, command: sleep 9, depends_on: {{dep: {{condition: service_{condition}}}}}}}
    """)
    with twin_of(target) as twin:
        twin.create()
        started = twin.start(seconds=8 if why == "timeout" else 120)
        assert (started.ok, started.service, started.why) == (False, "dep", why), started
        assert started.message or why == "timeout"


def test_an_image_that_exits_at_once_is_no_failure_of_the_start(project: Projects, twin_of: Twins) -> None:
    target = project("services: {one: {image: IMAGE, command: sh -c 'exit 3'}}")
    with twin_of(target) as twin:
        twin.create()
        up(twin)
        deadline = time.monotonic() + 10
        while twin.state(twin.of("one")).running and time.monotonic() < deadline:
            time.sleep(0.05)
        [stopped] = twin.stop()
        assert (stopped.exit_code, stopped.by_itself, stopped.killed) == (3, True, False)


def test_a_stop_tells_code_time_and_whether_it_was_killed(project: Projects, twin_of: Twins) -> None:
    target = project("""
        services:
          good:
            image: IMAGE
            command: [sh, -c, "trap 'exit 4' INT; while :; do sleep 0.1; done"]
            stop_signal: SIGINT
          deaf: {image: IMAGE, command: sleep 600, stop_grace_period: 2s, depends_on: [good]}
    """)
    with twin_of(target) as twin:
        twin.create()
        up(twin)
        time.sleep(0.5)
        stopped = {one.container.service: one for one in twin.stop()}
        assert (stopped["good"].exit_code, stopped["good"].killed) == (4, False)
        assert stopped["good"].seconds < 1.5
        assert (stopped["deaf"].exit_code, stopped["deaf"].killed) == (137, True)
        assert 2 <= stopped["deaf"].seconds < 4


def test_a_twin_that_cannot_be_made_is_told_and_leaves_nothing(project: Projects, twin_of: Twins) -> None:
    target = project("""
        services:
          fine: {image: IMAGE, command: sleep 600, volumes: [vol:/v, /x]}
          broken: {image: IMAGE, security_opt: ["seccomp:no-such-file.json"], depends_on: [fine]}
        volumes: {vol: {}}
    """)
    with pytest.raises(EngineError, match="no-such-file"), twin_of(target) as twin:
        twin.create()


def test_a_missing_image_is_told_before_anything_is_made(project: Projects, twin_of: Twins) -> None:
    target = project("""
        services:
          built: {build: .}
    """)
    with pytest.raises(EngineError, match="not there") as caught, twin_of(target) as twin:
        twin.create()
    assert "build" in caught.value.next_step


def test_an_interrupted_start_leaves_nothing(project: Projects, twin_of: Twins) -> None:
    target = project("""
        services:
          dep: {image: IMAGE, command: sleep 600, healthcheck: {test: 'false', interval: 600s}}
          web: {image: IMAGE, command: sleep 600, depends_on: {dep: {condition: service_healthy}}}
    """)
    with pytest.raises(KeyboardInterrupt), twin_of(target) as twin:
        twin.create()
        threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()
        twin.start()


def test_a_killed_lacre_is_cleaned_up_after_and_a_living_one_is_not(
    docker_engine: Engine, project: Projects, twin_of: Twins, tmp_path: Path
) -> None:
    (tmp_path / "d").mkdir()
    target = project("""
        services:
          one: {image: IMAGE, command: sleep 600, volumes: [vol:/v, /x, ./d:/d]}
        volumes: {vol: {}}
    """)
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from lacre.engine import Compose, Engine, Twin
        compose = Compose()
        with Twin(Engine(), compose, compose.resolve([Path(sys.argv[1])])) as twin:
            twin.create(); twin.start(); twin.stop(); twin.recreate(); twin.start()
            print(twin.id, flush=True)
            time.sleep(600)
    """)
    source = str(Path(lacre.__file__).parent.parent)
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(target.files[0])],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    try:
        assert holder.stdout is not None
        killed = holder.stdout.readline().strip()
        assert killed
        with twin_of(target) as living:
            living.create()
            clean(docker_engine)
            assert {item.kind for item in leftovers(docker_engine, killed)} == {
                "container",
                "network",
                "volume",
            }
            anonymous = _anonymous_volumes(docker_engine, killed)
            assert anonymous
            holder.kill()
            holder.wait()
            cleaned = clean(docker_engine)
            assert cleaned.failed == ()
            assert killed in {item.twin for item in cleaned.removed}
            assert leftovers(docker_engine, killed) == ()
            assert living.id in {item.twin for item in cleaned.kept}
            assert leftovers(docker_engine, living.id)
    finally:
        holder.kill()
        holder.wait()
    assert not anonymous & set(docker("volume", "ls", "-q").split())


@contextlib.contextmanager
def relay(to: str, at: Path) -> Iterator[Callable[[], None]]:
    """A way to the engine that can be cut: `cut()` ends it with all its connections."""
    open_ones: list[socket.socket] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(at))
    listener.listen(50)

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(to)
                open_ones.extend((near, far))
                threading.Thread(target=pump, args=(near, far), daemon=True).start()
                threading.Thread(target=pump, args=(far, near), daemon=True).start()

    def cut() -> None:
        at.unlink(missing_ok=True)
        for one in (listener, *open_ones):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield cut
    finally:
        cut()


def test_an_engine_that_goes_away_is_told_and_its_twin_can_be_removed_later(
    docker_engine: Engine, project: Projects, tmp_path: Path
) -> None:
    target = project("services: {one: {image: IMAGE, command: sleep 600}}")
    way = tmp_path / "way.sock"
    with relay("/var/run/docker.sock", way) as cut:
        environment = {**os.environ, "DOCKER_HOST": f"unix://{way}"}
        twin = Twin(Engine(environment), Compose(environment), target)
        begun = time.monotonic()
        with pytest.raises(EngineError, match="did not answer") as caught, twin:
            twin.create()
            up(twin)
            cut()
            twin.stop()
        assert "lacre clean" in caught.value.next_step
        assert time.monotonic() - begun < 60
    later = Twin(docker_engine, Compose(), target)
    later.id = twin.id
    assert leftovers(docker_engine, twin.id)
    later.remove()
    assert leftovers(docker_engine, twin.id) == ()


def _anonymous_volumes(engine: Engine, twin: str) -> set[str]:
    return {name for item in leftovers(engine, twin) for name in item.anonymous_volumes}


def _yaml(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _files_with(words: bytes) -> set[Path]:
    """Files below the temporary and the run-time directories that hold the words."""
    found = set()
    for top in (Path("/tmp"), Path("/run")):
        for path in top.glob("lacre*/**/*"):
            with contextlib.suppress(OSError):
                if path.is_file() and path.stat().st_size < 1 << 20 and words in path.read_bytes():
                    found.add(path)
    return found
