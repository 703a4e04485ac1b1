"""The engine itself: what it is, images, and single containers."""

from __future__ import annotations

import io
import os
import platform
import socket
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lacre
from lacre.engine import Engine, leftovers
from lacre.engine.project import Entry
from lacre.errors import EngineError, GroundError
from tests.integration.engine_fixtures import IMAGE, docker, docker_engine

__all__ = ["docker_engine"]


@pytest.fixture
def running(engine: str) -> Iterator[Callable[..., str]]:
    """Containers, by the words of `docker run -d`."""
    made: list[str] = []

    def run(*words: str) -> str:
        made.append(docker("run", "-d", *words).strip())
        return made[-1]

    yield run
    for container in made:
        docker("rm", "-fv", container)


def wait(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_what_the_engine_is(docker_engine: Engine) -> None:
    info = docker_engine.info()
    assert (info.kernel, info.local, info.cpus > 0, info.memory > 0) == (platform.release(), True, True, True)
    assert info.version == docker("version", "--format", "{{.Server.Version}}").strip()
    assert info.cgroup == (2 if Path("/sys/fs/cgroup/cgroup.controllers").exists() else 1)


def test_the_tree_of_an_image_is_what_its_containers_see(docker_engine: Engine) -> None:
    image = docker_engine.image(IMAGE)
    assert image.tree["/etc"] == Entry(kind="directory", mode=0o755, uid=0, gid=0)
    assert image.tree["/etc/shadow"].mode == 0o640
    assert image.tree["/tmp"].mode == 0o1777
    assert not {"/.dockerenv", "/dev/console", "/etc/hosts", "/etc/resolv.conf"} & set(image.tree)
    listed = docker("run", "--rm", IMAGE, "find", "/usr", "/etc", "/var", "-xdev").splitlines()
    assert {path for path in image.tree if path.startswith(("/usr/", "/var/"))} == {
        path for path in listed if path.startswith(("/usr/", "/var/"))
    }


def test_the_second_look_at_an_image_costs_nothing_and_leaves_nothing(docker_engine: Engine) -> None:
    docker_engine.image(IMAGE)
    begun = time.monotonic()
    docker_engine.image(IMAGE)
    assert time.monotonic() - begun < 0.2
    assert not [item for item in leftovers(docker_engine) if item.twin == "" and item.kind == "container"]


def test_an_image_that_is_nowhere(docker_engine: Engine) -> None:
    with pytest.raises(EngineError, match="no-such-image") as caught:
        docker_engine.image("lacre-no-such-image:1")
    assert "pulled" in caught.value.happened
    with pytest.raises(EngineError) as caught:
        docker_engine.image("lacre-no-such-image:1", pull=False)
    assert "build" in caught.value.next_step


def test_the_state_of_a_container(docker_engine: Engine, running: Callable[..., str]) -> None:
    container = running(IMAGE, "sh", "-c", "exit 3")
    wait(lambda: not docker_engine.state(container).running)
    state = docker_engine.state(container)
    assert (state.status, state.exit_code, state.health, state.pid) == ("exited", 3, "", 0)
    with pytest.raises(EngineError):
        docker_engine.state("0" * 64)


def test_health_is_seen(docker_engine: Engine, running: Callable[..., str]) -> None:
    container = running("--health-cmd", "true", "--health-interval", "1s", IMAGE, "sleep", "60")
    assert docker_engine.state(container).health == "starting"
    wait(lambda: docker_engine.state(container).health == "healthy")


def test_logs_are_bounded_and_start_where_asked(docker_engine: Engine, running: Callable[..., str]) -> None:
    container = running(IMAGE, "sh", "-c", "echo first; sleep 1.2; echo second >&2; printf '\\377'")
    wait(lambda: not docker_engine.state(container).running)
    assert docker_engine.logs(container) == "first\nsecond\n\ufffd"
    assert docker_engine.logs(container, time.time() + 5) == ""
    flood = running(IMAGE, "sh", "-c", "yes 0123456789 | head -c 20000000; echo end")
    wait(lambda: not docker_engine.state(flood).running)
    text = docker_engine.logs(flood)
    assert 100_000 < len(text) <= 4 << 20
    assert text.endswith("end\n")


def test_a_log_that_nobody_keeps_is_empty(docker_engine: Engine, running: Callable[..., str]) -> None:
    assert docker_engine.logs(running("--log-driver", "none", IMAGE, "echo", "x")) == ""


def test_a_signal_from_the_host_leaves_the_restart_policy_armed(
    docker_engine: Engine, running: Callable[..., str]
) -> None:
    container = running(
        "--restart", "always", IMAGE, "sh", "-c", "trap 'echo got' USR1; while :; do sleep 0.1; done"
    )
    wait(lambda: "USR1" in docker_engine.caught_signals(docker_engine.state(container).pid))
    assert docker_engine.signal_from_host(container, "USR1")
    wait(lambda: "got" in docker_engine.logs(container))
    assert docker_engine.signal_from_host(container, "KILL")
    wait(lambda: docker_engine.state(container).restart_count == 1)


def test_a_signal_to_the_dead_goes_nowhere(docker_engine: Engine, running: Callable[..., str]) -> None:
    container = running(IMAGE, "true")
    wait(lambda: not docker_engine.state(container).running)
    assert not docker_engine.signal_from_host(container, "HUP")


def test_the_application_is_found_below_an_init(docker_engine: Engine, running: Callable[..., str]) -> None:
    container = running("--init", IMAGE, "sh", "-c", "trap : HUP; while :; do sleep 0.1; done")
    wait(lambda: docker_engine.application_pid(container) != docker_engine.state(container).pid)
    wait(lambda: "HUP" in docker_engine.caught_signals(docker_engine.application_pid(container)))
    assert "HUP" not in docker_engine.caught_signals(docker_engine.state(container).pid)


def test_peaks_and_kills_of_the_control_group(docker_engine: Engine, running: Callable[..., str]) -> None:
    hungry = "perl -e '$x = q(x) x 40_000_000; sleep 60' & wait; perl -e '$x = q(x) x 200_000_000'; sleep 60"
    container = running(
        "-m", "100m", "--memory-swap", "100m", IMAGE, "sh", "-c", hungry.replace("& wait;", "& ")
    )
    wait(lambda: (docker_engine.peaks(container).oom_kills or 0) >= 1)
    peaks = docker_engine.peaks(container)
    assert peaks.memory is not None
    assert 40_000_000 < peaks.memory <= 100 << 20
    assert docker_engine.state(container).running


def test_changes_and_files(docker_engine: Engine, running: Callable[..., str]) -> None:
    container = running(
        IMAGE,
        "sh",
        "-c",
        "echo a > /new; rm /etc/debian_version; echo x >> /etc/issue; touch /done; sleep 60",
    )
    wait(lambda: docker_engine.get_file(container, "/done") is not None)
    assert docker_engine.get_file(container, "/new") == b"a\n"
    kinds = {change.path: change.kind for change in docker_engine.changed(container)}
    assert (kinds["/new"], kinds["/etc/debian_version"], kinds["/etc/issue"]) == (
        "added",
        "deleted",
        "modified",
    )
    assert docker_engine.get_file(container, "/none") is None
    assert docker_engine.get_file(container, "/etc") is None
    assert docker_engine.get_file(container, "/etc/passwd", most=4) == b"root"
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("empty"))
    docker_engine.put_archive(container, "/opt", out.getvalue())
    assert docker_engine.get_file(container, "/opt/empty") == b""
    stat = docker_engine.stat(container, "/tmp")
    assert stat is not None
    assert (stat.mode, stat.uid, stat.directory) == (0o1777, 0, True)


def test_no_engine_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(GroundError, match="not installed, or its engine is not running"):
        Engine({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(dead))
    with pytest.raises(GroundError, match="nothing answers"):
        Engine({"DOCKER_HOST": f"unix://{dead}"})
    with pytest.raises(GroundError, match="context"):
        Engine({"DOCKER_CONTEXT": "no-such-context"})
    with pytest.raises(GroundError):
        Engine({"DOCKER_HOST": "nonsense"})


def test_without_permission_on_the_socket_it_says_so() -> None:
    script = "import os; os.setgid(65534); os.setgroups([]); os.setuid(65534)\n" + (
        "import sys; sys.path[:0] = sys.argv[1:]\n"
        "from lacre.engine import Engine\nfrom lacre.errors import GroundError\n"
        "try: Engine({})\nexcept GroundError as e: print(e.happened, '|', e.next_step)\n"
    )
    source = str(Path(lacre.__file__).parent.parent)
    said = subprocess.run(
        [sys.executable, "-c", "import docker, pydantic\nfrom lacre.engine import Engine\n" + script, source],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert "may not use /var/run/docker.sock" in said.stdout, said.stderr
    assert "root" in said.stdout


MANY_CHANGES = """
    mkdir -p /a/b; echo x > /a/b/c; ln -s /etc /a/link                   # new
    rm -r /usr/share/doc; mkdir /usr/share/doc; echo x > /usr/share/doc/new   # an opaque directory
    rm -r /usr/share/perl5                                               # a removed one
    rm -r /var/backups; echo x > /var/backups                            # a file in a directory's place
    rm /etc/hostname.none /etc/debian_version; echo x >> /etc/issue
    : >> /etc/issue.net                                                  # opened for writing, and not written
    touch /etc/gone; rm /etc/gone; echo x > /opt/gone; rm /opt/gone
    chmod 700 /srv; chown 5 /etc/passwd; rm /etc/group; cp /etc/passwd /etc/group
    mv /etc/init.d /etc/moved
    mknod /a/null c 1 3; mkfifo /a/fifo
    touch /done; exec sleep 60
"""


def test_changes_are_read_from_the_upper_layer_as_the_engine_tells_them(
    docker_engine: Engine, running: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    container = running("-v", "/anonymous", IMAGE, "sh", "-c", MANY_CHANGES)
    wait(lambda: docker_engine.get_file(container, "/done") is not None)
    letters = {"A": "added", "C": "modified", "D": "deleted"}
    told = {(line[2:], letters[line[0]]) for line in docker("diff", container).splitlines()}
    assert {("/usr/share/perl5", "deleted"), ("/usr/share/doc/new", "added"), ("/srv", "modified")} <= told

    def unasked(_: str) -> None:
        raise AssertionError("the engine was asked")

    monkeypatch.setattr(docker_engine.api, "diff", unasked)
    assert {(change.path, change.kind) for change in docker_engine.changed(container)} == told
