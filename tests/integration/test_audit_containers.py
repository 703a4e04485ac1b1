"""The audit of containers that really run: what the kernel has in force, not what was asked for.

One start of a container serves many checks: the boxes are made once, looked at once, and asked often.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from lacre.audit import collect
from lacre.audit.collect import Machine, Wanted
from lacre.audit.facts.container import Container
from lacre.audit.kept import Kept
from lacre.audit.model import Answer, Verdict
from lacre.audit.registry import BY_ID, CHECKS
from lacre.audit.run import of_container, of_image
from lacre.engine import inventory
from lacre.engine.reader import Reader, reader
from tests.integration.engine_fixtures import docker, docker_engine

__all__ = ["docker_engine"]

IMAGE = "debian:bookworm-slim"
RUN = secrets.token_hex(4)
LABEL = f"lacre-audit-test={RUN}"
NAME = f"lacre-audit-{RUN}-"
SARIF = Path(__file__).parents[1] / "unit/audit/data/sarif-2.1.0.json"
NETWORK, VOLUME = f"{NAME}network", f"{NAME}volume"
STAY = ("sleep", "3600")
LACRE = (sys.executable, "-c", "from lacre.cli import main; main()")

TIGHT = (
    "--user=1000:1000", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--read-only", "--tmpfs=/tmp:size=16m",
    "--memory=64m", "--cpus=0.5", "--pids-limit=50", "--ulimit=nofile=1024:1024", "--restart=on-failure:3",
    "--log-opt=max-size=1m", "--health-cmd=true", "--health-interval=1h", f"--network={NETWORK}",
    "-p=127.0.0.1::8080",
)  # fmt: skip
LOOSE = (
    "--security-opt=seccomp=unconfined", "--cap-add=NET_ADMIN", "--pid=host", "--ipc=host", "--uts=host",
    "--network=host", "--restart=always", "--device=/dev/kmsg", "-v=/etc:/host-etc:ro", "--tmpfs=/run/x:exec",
    "--log-driver=none", "-e=DB_PASSWORD=correct-horse", "--label=token=correct-horse",
    "-e=DOCKER_HOST=tcp://10.0.0.5:2375", "-e=URL=postgres://a:correct-horse@db/x", "--cgroup-parent=/lacre-audit-test",
    "--shm-size=2g",
)  # fmt: skip


def programs(*names: str) -> tuple[str, ...]:
    """A command that runs `sleep` under other names, the last one as the main process."""
    copies = "; ".join(f"cp /bin/sleep /tmp/{name}" for name in names)
    *others, main = names
    started = "".join(f" /tmp/{name} 3600 &" for name in others)
    return ("sh", "-c", f"{copies};{started} exec /tmp/{main} 3600")


def boxes(folder: Path) -> dict[str, tuple[str, ...]]:
    """Each container: options, image, command. What is asked of it stands in the tests."""
    link = folder / "app.sock"
    link.symlink_to("/run/docker.sock")
    (folder / "links").mkdir()
    (folder / "links" / "docker.sock").symlink_to("/run/docker.sock")
    return {
        "plain": (IMAGE, *STAY),
        "tight": (*TIGHT, IMAGE, *STAY),
        "loose": (*LOOSE, IMAGE, *STAY),
        "ports": ("-p=0.0.0.0::81", "-p=[::]::82", "-p=127.0.0.1::83", "-p=25025:25", IMAGE, *STAY),
        "socket": ("-v=/run/docker.sock:/a/b.sock", IMAGE, *STAY),
        "socket-old-name": ("-v=/var/run/docker.sock:/a/b.sock:ro", IMAGE, *STAY),
        "socket-folder": ("-v=/run:/host-run:ro", IMAGE, *STAY),
        "socket-link": (f"-v={link}:/a/b.sock", IMAGE, *STAY),
        "socket-volume": (f"-v={VOLUME}:/x", IMAGE, *STAY),
        "no-socket": (f"-v={folder / 'links'}:/links", IMAGE, *STAY),
        "open-paths": ("--security-opt=systempaths=unconfined", IMAGE, *STAY),
        "keeps-root": (IMAGE, "perl", "-e", "$> = 65534; sleep 3600"),
        "servers": (IMAGE, *programs("nginx", "php-fpm")),
        "supervisor": (IMAGE, *programs("nginx", "cron", "supervisord")),
        "workers": (IMAGE, *programs("nginx", "nginx")),
        "ssh": (IMAGE, *programs("sshd", "app")),
        "sick": ("--health-cmd=false", "--health-interval=1s", "--health-retries=1", IMAGE, *STAY),
        "secret-child": (
            "-e=PIECE=correct-horse-battery",
            IMAGE,
            "sh",
            "-c",
            "perl -e 'sleep 3600' -- --token=$PIECE & exec sleep 3600",
        ),
        "shares-host-net": (f"--network=container:{NAME}loose", IMAGE, *STAY),
    }


@pytest.fixture(scope="module")
def looked_at(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Container]]:
    docker("network", "create", "--label", LABEL, NETWORK)
    docker("volume", "create", "-o=type=none", "-o=o=bind", "-o=device=/run", VOLUME)
    made: list[str] = []
    try:
        for name, words in boxes(tmp_path_factory.mktemp("boxes")).items():
            made.append(docker("run", "-d", "--label", LABEL, f"--name={NAME}{name}", *words).strip())
        docker("exec", "-d", "-u", "0", f"{NAME}tight", "sleep", "3602")
        _until(
            lambda: docker("inspect", "-f", "{{.State.Health.Status}}", f"{NAME}sick").strip() == "unhealthy"
        )
        with reader() as client:
            machine = collect.machine(
                client, Wanted(containers=tuple(made)), Kept(None), trust="", say=lambda _: None
            )
        assert not machine.missing
        yield {box.name.removeprefix(NAME): box for box in machine.containers}
    finally:
        for container in docker("ps", "-aq", "--filter", f"label={LABEL}").split():
            docker("rm", "-fv", container)
        docker("network", "rm", NETWORK)
        docker("volume", "rm", VOLUME)


def _until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def ask(name: str, box: Container) -> Answer:
    (answer,) = of_container(box, (BY_ID[name],))
    return answer


def failing(box: Container) -> set[str]:
    return {answer.check for answer in of_container(box, CHECKS) if answer.verdict is Verdict.FAILS}


def passing(box: Container) -> set[str]:
    return {answer.check for answer in of_container(box, CHECKS) if answer.verdict is Verdict.PASSES}


def test_what_only_looks_well_fails(looked_at: dict[str, Container]) -> None:
    assert ask("LC532", looked_at["socket-volume"]).verdict is Verdict.FAILS
    assert ask("LC502", looked_at["open-paths"]).verdict is Verdict.FAILS
    assert ask("LC401", looked_at["keeps-root"]).verdict is Verdict.FAILS


def test_a_container_as_docker_makes_it_fails_what_docker_leaves_open(
    looked_at: dict[str, Container],
) -> None:
    wanted = {
        "LC401",
        "LC504",
        "LC511",
        "LC512",
        "LC513",
        "LC526",
        "LC527",
        "LC529",
        "LC530",
        "LC550",
        "LC569",
    }
    assert wanted <= failing(looked_at["plain"])
    assert {"LC505", "LC510", "LC516", "LC517", "LC521", "LC522", "LC532", "LC540", "LC557"} <= passing(
        looked_at["plain"]
    )


def test_a_container_with_everything_closed_passes_it_all(looked_at: dict[str, Container]) -> None:
    # Its port is not served (LC509), it is on no AppArmor, and somebody looks into it as root (LC524, LC401).
    assert failing(looked_at["tight"]) == {"LC401", "LC509", "LC524"}
    assert {"LC511", "LC512", "LC513", "LC514", "LC515", "LC519", "LC522", "LC526", "LC527", "LC529", "LC530",
            "LC540", "LC548", "LC550", "LC568", "LC569"} <= passing(looked_at["tight"])  # fmt: skip


def test_a_container_with_everything_open_fails_it_all(looked_at: dict[str, Container]) -> None:
    wanted = {"LC504", "LC506", "LC510", "LC511", "LC513", "LC515", "LC516", "LC517", "LC518", "LC521", "LC522",
              "LC525", "LC540", "LC543", "LC545", "LC547", "LC548", "LC549", "LC553", "LC568"}  # fmt: skip
    assert wanted <= failing(looked_at["loose"])
    for answer in of_container(looked_at["loose"], CHECKS):
        for found in answer.findings:
            assert "correct-horse" not in f"{found.what} {found.path} {found.do}"


def test_the_hosts_network_is_seen_through_another_container(looked_at: dict[str, Container]) -> None:
    assert ask("LC510", looked_at["shares-host-net"]).verdict is Verdict.FAILS


def test_ports_are_judged_by_the_address_that_the_engine_gave_them(looked_at: dict[str, Container]) -> None:
    found = {one.path: one for one in ask("LC514", looked_at["ports"]).findings}
    assert found.keys() == {"port 81", "port 82", "port 25"}
    assert ask("LC509", looked_at["ports"]).verdict is Verdict.FAILS


@pytest.mark.parametrize("name", ["socket", "socket-old-name", "socket-folder", "socket-link"])
def test_the_socket_is_found_under_each_of_its_names(looked_at: dict[str, Container], name: str) -> None:
    assert ask("LC532", looked_at[name]).verdict is Verdict.FAILS


def test_a_link_in_a_mounted_folder_is_no_socket(looked_at: dict[str, Container]) -> None:
    assert ask("LC532", looked_at["no-socket"]).verdict is Verdict.PASSES


def test_several_applications_are_seen_in_the_processes(looked_at: dict[str, Container]) -> None:
    assert [f.what for f in ask("LC557", looked_at["servers"]).findings] == [
        "it runs several servers: PHP, nginx"
    ]
    assert {f.path for f in ask("LC557", looked_at["supervisor"]).findings} == {
        "process cron",
        "process supervisord",
    }
    assert ask("LC557", looked_at["workers"]).verdict is Verdict.PASSES
    assert ask("LC507", looked_at["ssh"]).verdict is Verdict.FAILS
    assert ask("LC507", looked_at["servers"]).verdict is Verdict.PASSES


def test_a_session_as_root_is_seen_beside_an_application_that_is_not(looked_at: dict[str, Container]) -> None:
    assert ask("LC524", looked_at["tight"]).verdict is Verdict.FAILS
    assert ask("LC523", looked_at["tight"]).verdict is Verdict.PASSES


def test_a_sick_container_is_not_healthy(looked_at: dict[str, Container]) -> None:
    assert ask("LC563", looked_at["sick"]).verdict is Verdict.FAILS
    assert ask("LC563", looked_at["plain"]).verdict is Verdict.NOT_APPLICABLE


def test_a_secret_on_the_command_line_of_a_child_is_found_and_not_said(
    looked_at: dict[str, Container],
) -> None:
    answer = ask("LC547", looked_at["secret-child"])
    assert answer.verdict is Verdict.FAILS
    assert [found.path for found in answer.findings] == ["processes"]
    assert "correct-horse" not in repr(answer)


def test_a_user_of_the_image_that_is_overridden_is_named(engine: str, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {IMAGE}\nENV API_KEY=correct-horse-battery\nRUN chmod 666 /etc/motd; cp /bin/true /bin/gcc\n"
        "RUN TOKEN=correct-horse-battery true; useradd -o -u 0 toor; passwd -d toor\n"
        "RUN mkdir /root/.ssh && echo k > /root/.ssh/id_rsa\n"
        "RUN echo k > /root/.netrc\nRUN rm /root/.netrc\nVOLUME /etc\nUSER 1000\n"
    )
    tag = f"lacre-test/audit-spoiled-{RUN}"
    try:
        docker("build", "-q", "-t", tag, str(tmp_path))
        with contained(tag, "--user=0") as box:
            machine = look(Wanted(containers=(box,), images=(tag,)))
            (answer,) = of_container(machine.containers[0], (BY_ID["LC401"],))
            assert "over the image's user 1000" in answer.findings[0].what
            (image,) = machine.images
            answers = {a.check: a for a in of_image(image, CHECKS)}
            for name in ("LC403", "LC408", "LC410", "LC425", "LC426", "LC427", "LC428", "LC527"):
                assert answers[name].verdict is Verdict.FAILS, name
            assert {f.path for f in answers["LC410"].findings} >= {
                "its environment API_KEY",
                "file /root/.ssh/id_rsa",
            }
            assert any("history" in f.path for f in answers["LC410"].findings)
            assert "correct-horse" not in repr(answers)
            assert answers["LC401"].verdict is Verdict.PASSES
            (tmp_path / "Dockerfile").write_text(f"FROM {IMAGE}\nUSER 5\n")
            docker("build", "-q", "-t", tag, str(tmp_path))
            (again,) = look(Wanted(containers=(box,))).containers
            assert ask("LC528", again).verdict is Verdict.FAILS
    finally:
        docker("rmi", "-f", tag)


def test_a_container_that_does_not_run_is_judged_by_what_it_was_made_with(engine: str) -> None:
    # Nobody can start a privileged one where the engine itself lacks a capability.
    box = docker(
        "create", "--label", LABEL, "--privileged", "--cap-drop=ALL", "--pid=host", IMAGE, *STAY
    ).strip()
    try:
        (found,) = look(Wanted(containers=(box,))).containers
    finally:
        docker("rm", "-fv", box)
    assert {"LC401", "LC505", "LC516", "LC518", "LC522", "LC526", "LC540"} <= failing(found)
    for name in ("LC507", "LC557", "LC563"):
        assert ask(name, found).verdict is Verdict.NOT_APPLICABLE


@contextlib.contextmanager
def contained(*words: str) -> Iterator[str]:
    image, *options = words
    made = docker("run", "-d", "--label", LABEL, *options, image, *STAY).strip()
    try:
        yield made
    finally:
        docker("rm", "-fv", made)


def look(wanted: Wanted, kept: Kept | None = None) -> Machine:
    with reader() as client:
        return collect.machine(client, wanted, kept or Kept(None), trust="", say=lambda _: None)


def test_a_container_that_is_not_there_is_named_as_not_tested() -> None:
    (missing,) = look(Wanted(containers=("lacre-audit-test-nobody",))).missing
    assert (missing.kind, missing.name, missing.named) == ("container", "lacre-audit-test-nobody", True)
    (missing,) = look(Wanted(images=("lacre-test/nobody:1",))).missing
    assert (missing.kind, missing.why, missing.named) == ("image", "it is not there", True)


def test_a_container_that_ends_in_the_middle_could_not_be_tested(monkeypatch: pytest.MonkeyPatch) -> None:
    with contained(IMAGE) as box:
        real = inventory.look_at_containers

        def then_gone(reader: Reader, names: Iterable[str]) -> object:
            looked = real(reader, tuple(names))()
            docker("kill", box)
            return lambda: looked

        monkeypatch.setattr(inventory, "look_at_containers", then_gone)
        (found,) = look(Wanted(containers=(box,))).containers
    answers = {answer.check: answer for answer in of_container(found, CHECKS)}
    for name in ("LC507", "LC522", "LC557"):
        assert (answers[name].verdict, answers[name].why) == (Verdict.UNKNOWN, "it ended meanwhile")
    assert answers["LC505"].verdict is Verdict.PASSES


def test_a_container_that_goes_away_between_list_and_look_is_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with contained(IMAGE) as box:
        real = inventory.engine_shown

        def then_gone(reader: Reader) -> Callable[[], inventory.EngineShown]:
            shown = real(reader)()
            docker("rm", "-f", box)
            # Only this one is looked at: other tests' containers come and go.
            mine = tuple(one for one in shown.containers if one["Id"] == box)
            return lambda: replace(shown, containers=mine, images=())

        monkeypatch.setattr(inventory, "engine_shown", then_gone)
        missing = look(Wanted()).missing
    assert [(one.kind, one.why, one.named) for one in missing] == [
        ("container", "it went away while it was looked at", False)
    ]


def test_an_image_is_read_once_in_its_life(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = Kept(tmp_path / "kept")
    (first,) = look(Wanted(images=(IMAGE,)), kept).images

    def never(*_: object) -> object:
        raise AssertionError("it was read again")

    monkeypatch.setattr(inventory, "image_files", never)
    (again,) = look(Wanted(images=(IMAGE,)), kept).images
    assert again.contents == first.contents
    assert first.contents is not None
    assert "/usr/bin/su" in first.contents.set_id


def test_who_is_not_root_is_told_nothing_that_is_not_so(engine: str) -> None:
    """A member of the engine's group may ask the engine everything, and may not read all of /proc."""
    with contained(IMAGE, "--tmpfs=/t:size=1m", "-p=127.0.0.1::80") as box:
        look(Wanted(containers=(box,)))  # all that is imported where it is used is imported by now
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setgroups([Path("/run/docker.sock").stat().st_gid])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                (found,) = look(Wanted(containers=(box,))).containers
                told = {answer.check: answer.verdict.value for answer in of_container(found, CHECKS)}
                os.write(writing, json.dumps(told).encode())
                code = 0
            finally:
                os._exit(code)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            told = json.loads(pipe.read())
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for check in ("LC401", "LC504", "LC509", "LC511", "LC513", "LC526", "LC529"):
        assert told[check] == "fails", check
    assert told["LC522"] == "passes"
    assert told["LC510"] == "passes"  # the engine's own word
    assert told["LC568"] == "passes"


def lacre(*words: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LACRE, "audit", *words],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "XDG_CACHE_HOME": str(cache), "NO_COLOR": "1"},
    )


def test_the_command_says_the_same_in_every_format(engine: str, tmp_path: Path) -> None:
    with contained(IMAGE, "-v=/run/docker.sock:/x", "--label=a=\x1b[31m<b>&\n") as box:
        text = lacre("--container", box, cache=tmp_path)
        assert text.returncode == 1, text.stderr
        assert text.stdout.index("LC532") < text.stdout.index("LC504")
        told = json.loads(lacre("--container", box, "--format", "json", cache=tmp_path).stdout)
        assert told["findings"][0]["check"] == "LC532"
        assert {finding["scope"] for finding in told["findings"]} == {"container"}
        sarif = json.loads(lacre("--container", box, "--format", "sarif", cache=tmp_path).stdout)
        jsonschema.validate(sarif, json.loads(SARIF.read_text()))
        assert sarif["runs"][0]["results"][0]["ruleId"] == "LC532"
        junit = lacre("--container", box, "--format", "junit", cache=tmp_path).stdout
        assert "LC532" in junit
        gone = lacre("--container", "lacre-audit-test-nobody", cache=tmp_path)
        assert gone.returncode == 3
        assert "it is not there" in gone.stdout


def test_without_an_engine_the_host_is_looked_at_and_the_engine_is_named(tmp_path: Path) -> None:
    done = subprocess.run(
        [*LACRE, "audit", "--format", "json", "--fail-on", "never"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        env={
            "PATH": "/usr/bin:/bin",
            "DOCKER_HOST": f"unix://{tmp_path}/none.sock",
            "XDG_CACHE_HOME": str(tmp_path),
        },
    )
    assert done.returncode == 3, done.stderr
    told = json.loads(done.stdout)
    assert [(f["kind"], f["state"]) for f in told["files"]] == [("engine", "could not be tested")]
    assert {f["scope"] for f in told["findings"]} == {"host"}
