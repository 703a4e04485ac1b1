"""Projects that cannot be sealed whole, or at all, and command lines and grounds that are no good."""

from __future__ import annotations

import json
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lacre.seal.model import CONTROLS, ServiceSeal
from tests.sealing import (
    OVERRIDE,
    PLAIN,
    ROOT,
    Ran,
    SealedServer,
    deployed,
    environment,
    lacre,
    leftovers,
    not_in_force,
    seal,
)
from tests.servers.harness import Server

NOBODY = "65534"
IMAGE = "debian:bookworm-slim"

SealServer = Callable[[str], SealedServer]
FindServer = Callable[[str], Server]


@pytest.fixture
def nothing_half_written(tmp_path: Path, engine: str) -> Iterator[Path]:
    """A directory for a project; afterwards no seal may be in it, and nothing of lacre in the engine."""
    directory = tmp_path / "project"
    directory.mkdir()
    yield directory
    assert not {path for path in tmp_path.rglob("*") if path.name in ("lacre.yaml", "sealed", "seccomp")}
    assert not list(tmp_path.rglob(".lacre-*"))
    assert not list(tmp_path.rglob("*.sealed.yaml"))
    assert not leftovers()


def project(directory: Path, text: str) -> None:
    (directory / "compose.yaml").write_text(textwrap.dedent(text).replace("IMAGE", IMAGE))


def is_explained(ran: Ran, code: int, *words: str) -> None:
    """A failure in lacre's form: what was tried, what happened, what to do next; and no traceback."""
    assert ran.code == code, str(ran)
    assert not ran.output, str(ran)
    assert "lacre: " in ran.errors and " next: " in ran.errors, str(ran)
    assert "Traceback" not in ran.errors and "defect" not in ran.errors, str(ran)
    for word in words:
        assert word in ran.errors, f"{word!r} is missing: {ran}"


def off(of: ServiceSeal) -> list[str]:
    """The controls that a service was not given."""
    return [control for control in CONTROLS if getattr(of, control).off]


# ---- a control that cannot be had ---------------------------------------------------------------


@pytest.mark.long
def test_who_writes_into_its_own_program_directory_is_sealed_but_for_read_only(
    seal_server: SealServer, tmp_path: Path
) -> None:
    sealed = seal_server("writes-own-code")
    of = sealed.main
    assert sealed.ran.code == 3
    assert "/srv/app" in of.filesystem.off or "plugin" in of.filesystem.off, of.filesystem.off
    assert [off["control"] for off in sealed.result["off"]] == ["file system"]
    assert sealed.result["off"][0]["reason"] == of.filesystem.off
    assert off(of) == ["filesystem"]
    assert of.syscalls.base == "allow-list"
    shown = lacre("show", "sealed", directory=sealed.directory)
    assert of.filesystem.off.split(":")[0] in " ".join(shown.output.split()), str(shown)
    with deployed(sealed, "sealed-writes-own-code", tmp_path) as up:
        for workload in sealed.server.workloads:
            up.exercise(workload)
        (container,) = up.containers()
        assert not not_in_force(container, of)


@pytest.mark.long
def test_who_fills_only_directories_that_it_made_keeps_its_writable_root_and_the_reason_names_them(
    seal_server: SealServer, tmp_path: Path
) -> None:
    sealed = seal_server("unpacks-itself")
    of = sealed.main
    assert sealed.ran.code == 3, str(sealed.ran)
    assert of.filesystem.off == (
        "it must make /var/lib/unpacked itself, and fails where a mount is there before it"
    )
    assert off(of) == ["filesystem"]
    assert not of.capabilities.add
    assert sealed.seal.trials <= 9
    assert "/tmp" in {mount.path for mount in of.filesystem.tmpfs}
    assert [volume.path for volume in of.filesystem.volumes] == ["/var/lib/visits"]
    with deployed(sealed, "sealed-unpacks-itself", tmp_path) as up:
        for workload in sealed.server.workloads:
            up.exercise(workload)


def test_what_only_root_prepares_keeps_root_though_nothing_is_refused(
    seal_server: SealServer, tmp_path: Path
) -> None:
    sealed = seal_server("asks-who-it-is")
    assert sealed.ran.code == 0, str(sealed.ran)
    assert not off(sealed.main)
    assert sealed.main.user.root
    assert "/etc/served/password" in sealed.main.user.grants[0].reason
    assert any("stays root" in warning for warning in sealed.result["warnings"])
    assert sealed.seal.trials <= 6
    with deployed(sealed, "sealed-asks-who-it-is", tmp_path) as up:
        for workload in sealed.server.workloads:
            up.exercise(workload)


def test_who_cannot_be_started_twice_is_proved_by_the_rest_of_its_life(tmp_path: Path, engine: str) -> None:
    """A stale file of process ids: the same container fails to start again, with a seal and without."""
    project(
        tmp_path,
        """\
        services:
          app:
            image: IMAGE
            command: ["sh", "-c", "[ ! -e /var/lib/app.pid ] || exit 1; echo 1 > /var/lib/app.pid; exec sleep 600"]
            stop_grace_period: 0s
        """,
    )
    ran = lacre("seal", "--exercise", "true", "--no-attack", "--format", "json", directory=tmp_path)
    assert ran.code in {0, 3}, str(ran)
    result = json.loads(ran.output)
    assert any("the same containers started again: fails without" in told for told in result["warnings"])
    phases = result["seal"]["services"]["app"]["completeness"]["phases"]
    assert "second start" not in phases and "start on old volumes" in phases


@pytest.mark.long
def test_who_mounts_keeps_only_what_that_takes(seal_server: SealServer, tmp_path: Path) -> None:
    """SYS_ADMIN cannot be taken away; everything else is, and the seal says it loudly."""
    sealed = seal_server("needs-mount")
    of = sealed.main
    assert sealed.ran.code == 3, str(sealed.ran)
    assert of.capabilities.add == {"SYS_ADMIN"}
    assert any("SYS_ADMIN" in f"{off['reason']}" for off in sealed.result["off"]), sealed.result["off"]
    assert "mount" in of.syscalls.allowed
    assert of.filesystem.read_only and not of.filesystem.off
    assert of.privileges.no_new_privileges and not of.privileges.off
    with deployed(sealed, "sealed-needs-mount", tmp_path) as up:
        up.exercise(sealed.server.exercise)
        (container,) = up.containers()
        host = container["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert {name.removeprefix("CAP_") for name in host["CapAdd"]} == {"SYS_ADMIN"}


@pytest.mark.long
def test_who_never_reaps_gets_an_init_and_bears_more_jobs_than_its_limit(
    seal_server: SealServer, tmp_path: Path
) -> None:
    sealed = seal_server("never-reaps")
    assert sealed.baseline.zombies["app"] > 0
    assert sealed.main.limits.init
    assert sealed.seal.trials == 1
    with deployed(sealed, "sealed-never-reaps", tmp_path) as up:
        for workload in sealed.server.workloads:
            up.exercise(workload)
        (container,) = up.containers()
        assert not not_in_force(container, sealed.main)


@pytest.mark.long
def test_no_init_is_written_for_children_that_none_could_reap(
    test_server: FindServer, tmp_path: Path
) -> None:
    server = test_server("never-reaps")
    directory = tmp_path / "never-reaps"
    shutil.copytree(server.directory, directory)
    text = server.compose.read_text().replace("build: ./image", 'environment: {OWN: "1"}')
    (directory / "compose.yaml").write_text(text)
    sealed = seal(Server("never-reaps", directory), tmp_path / "sealing")
    assert sealed.baseline.zombies["app"] > 0
    assert not sealed.main.limits.init
    assert any(grant.what == "no init" for grant in sealed.main.limits.grants)


@pytest.mark.long
def test_a_set_id_helper_keeps_its_rights_although_no_answer_tells(seal_server: SealServer) -> None:
    sealed = seal_server("queues-by-helper")
    assert sealed.ran.code == 3
    assert not sealed.main.privileges.no_new_privileges
    assert "/usr/local/bin/queue" in sealed.main.privileges.off
    assert "/var/spool/queue" in sealed.main.privileges.off
    assert [off["control"] for off in sealed.result["off"]] == ["privileges"]
    assert sealed.seal.trials == 2


@pytest.mark.long
def test_what_the_base_hands_over_of_the_host_is_said_loudly(test_server: FindServer, tmp_path: Path) -> None:
    server = test_server("gunicorn")
    shutil.copytree(server.directory, tmp_path / "project")
    project(
        tmp_path / "project",
        """
        services:
          gunicorn:
            image: lacre-test/gunicorn
            network_mode: host
            pid: host
            volumes: [data:/data, "/var/run/docker.sock:/var/run/docker.sock"]
        volumes: {data: {}}
        """,
    )
    ran = lacre("seal", "--exercise", "sh exercise.sh", "--output", "sealed", directory=tmp_path / "project")
    assert ran.code in (0, 3), str(ran)
    said = " ".join(ran.output.split()) + " ".join(ran.errors.split())
    for words in ("network_mode: host", "pid: host", "docker.sock"):
        assert words in said, f"{words!r} is missing: {ran}"
    files = ["-f", "compose.yaml", "-f", OVERRIDE]
    shown = subprocess.run(
        ["docker", "compose", *files, "config"],
        cwd=tmp_path / "project",
        capture_output=True,
        text=True,
        check=True,
    )
    assert "read_only: true" in shown.stdout
    assert "network_mode: host" in shown.stdout
    assert not leftovers()


def test_a_privileged_service_is_sealed_or_its_refusal_explained(
    nothing_half_written: Path, engine: str
) -> None:
    """Where this machine withholds capabilities from the engine, even the original cannot start."""
    project(nothing_half_written, "services: {app: {image: IMAGE, privileged: true, command: sleep 600}}")
    works = subprocess.run(
        ["docker", "run", "--rm", "--privileged", IMAGE, "true"], capture_output=True, check=False
    )
    ran = lacre("seal", "--dry-run", "--exercise", "true", directory=nothing_half_written)
    if works.returncode != 0:
        is_explained(ran, 1, "app", "as it is, without any seal")
    else:
        assert ran.code in (0, 3), str(ran)
        assert "privileged" in ran.output + ran.errors, str(ran)


MORTAL = """
services:
  app:
    image: IMAGE
    command:
      - perl
      - -e
      - |
        use Socket;
        socket my $$server, PF_INET, SOCK_STREAM, 0;
        bind $$server, sockaddr_in(2100, INADDR_ANY);
        listen $$server, 9;
        while (accept my $$client, $$server) {
            sysread $$client, my $$said, 100;
            exit 3 if $$said =~ /^GET/;
            syswrite $$client, "pong";
        }
    ports: ["2100"]
    stop_grace_period: 1s
"""


def test_who_ends_of_the_built_in_questions_is_sealed_without_them(tmp_path: Path, engine: str) -> None:
    project(tmp_path, MORTAL)
    talk = (
        "exec 3<>/dev/tcp/${LACRE_APP_2100%:*}/2100; echo ping >&3; read -rN 4 answer <&3; [ $answer = pong ]"
    )
    ran = lacre(
        "seal", "--exercise", f"bash -c '{talk}'", "--no-attack", "--output", "sealed", directory=tmp_path
    )
    assert ran.code == 0, str(ran)
    assert "app: does not bear lacre's own questions to tcp/2100" in " ".join(ran.output.split()), str(ran)
    assert "65532:65532" in (tmp_path / "sealed" / "compose.sealed.yaml").read_text()


SHARES = """
services:
  share:
    image: IMAGE
    init: true
    command: [sh, -c, "chgrp 1000 /srv/share; chmod 2775 /srv/share; exec sleep 1000"]
    volumes: ["share:/srv/share"]
volumes: {share: {}}
"""


@pytest.mark.long
def test_a_set_group_id_bit_outlives_the_seal(tmp_path: Path, engine: str) -> None:
    """Without FSETID chmod(2) succeeds and leaves the bit out: no refusal and no failure tells."""
    project(tmp_path, SHARES)
    ran = lacre("seal", "--exercise", "true", "--no-attack", "--output", "sealed", directory=tmp_path)
    assert ran.code == 0, str(ran)
    assert "- FSETID" in (tmp_path / "sealed" / "compose.sealed.yaml").read_text()


# ---- bad ground ---------------------------------------------------------------------------------

SLEEPS = "services: {app: {image: IMAGE, command: sleep 600}}"


def test_a_kernel_without_btf(nothing_half_written: Path) -> None:
    """As a kernel built without CONFIG_DEBUG_INFO_BTF shows itself, for this command alone."""
    project(nothing_half_written, SLEEPS)
    hidden = 'mount --bind /dev/null /sys/kernel/btf/vmlinux && exec "$@"'
    ran = lacre(
        "seal", "--exercise", "true",
        directory=nothing_half_written, prefix=("unshare", "--mount", "sh", "-ec", hidden, "sh"),
    )  # fmt: skip
    is_explained(ran, 2, "BTF", "CONFIG_DEBUG_INFO_BTF")


def test_no_engine(nothing_half_written: Path) -> None:
    project(nothing_half_written, SLEEPS)
    more = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}
    ran = lacre("seal", "--exercise", "true", directory=nothing_half_written, more=more)
    is_explained(ran, 2, "/nowhere/docker.sock")


def test_no_engine_over_the_network(nothing_half_written: Path) -> None:
    project(nothing_half_written, SLEEPS)
    more = {"DOCKER_HOST": "tcp://127.0.0.1:9"}
    ran = lacre("seal", "--exercise", "true", directory=nothing_half_written, more=more)
    is_explained(ran, 2, "127.0.0.1:9")


@pytest.fixture
def as_nobody(tmp_path: Path) -> Callable[..., Ran]:
    """Runs lacre as nobody, with groups."""

    # The plugins of the administrator's client may lie where nobody may not look.
    format = "{{range .ClientInfo.Plugins}}{{.Path}} {{end}}"
    shown = subprocess.run(["docker", "info", "--format", format], capture_output=True, text=True, check=True)
    plugins = tmp_path / "docker" / "cli-plugins"
    plugins.mkdir(parents=True)
    for path in map(Path, shown.stdout.split()):
        (plugins / path.name).symlink_to(path.resolve())
    more = {"DOCKER_CONFIG": str(plugins.parent)}

    def run(*groups: str, directory: Path) -> Ran:
        kept = ["--groups", ",".join(groups)] if groups else ["--clear-groups"]
        prefix = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, *kept]
        can = subprocess.run(
            [*prefix, *PLAIN, "--help"], env=environment({"HOME": "/tmp"}), capture_output=True, check=False
        )
        if can.returncode != 0:
            pytest.skip(f"nobody may not read {ROOT} or its Python")
        for path in (directory, *directory.parents):
            if path == Path("/tmp"):
                break
            path.chmod(0o777)
        return lacre(
            "seal",
            "--exercise",
            "true",
            directory=directory,
            prefix=prefix,
            more={**more, "HOME": str(directory)},
        )

    return run


def test_no_permission_on_the_socket(nothing_half_written: Path, as_nobody: Callable[..., Ran]) -> None:
    project(nothing_half_written, SLEEPS)
    is_explained(as_nobody(directory=nothing_half_written), 2, "docker.sock", "root")


def test_not_root(nothing_half_written: Path, as_nobody: Callable[..., Ran]) -> None:
    project(nothing_half_written, SLEEPS)
    group = str(Path("/var/run/docker.sock").stat().st_gid)
    is_explained(as_nobody(group, directory=nothing_half_written), 2, "root")


# ---- bad input ----------------------------------------------------------------------------------


def test_an_unknown_service(nothing_half_written: Path) -> None:
    project(nothing_half_written, SLEEPS)
    ran = lacre("seal", "--service", "db", "--exercise", "true", directory=nothing_half_written)
    is_explained(ran, 2, "no service db", "app")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("services: {app: {image: x", "compose.yaml"),
        ("services: {app: {imagine: x}}", "imagine"),
        ("services: [app]", "services"),
        ("", "compose.yaml"),
    ],
    ids=["cut off", "unknown key", "wrong type", "empty"],
)
def test_a_broken_compose_file(nothing_half_written: Path, text: str, words: str) -> None:
    project(nothing_half_written, text)
    ran = lacre("seal", "--exercise", "true", directory=nothing_half_written)
    is_explained(ran, 2, words)


def test_no_compose_file(nothing_half_written: Path) -> None:
    is_explained(lacre("seal", "--exercise", "true", directory=nothing_half_written), 2, "compose")
    is_explained(lacre("seal", "-f", "other.yaml", directory=nothing_half_written), 2, "other.yaml")


def test_an_image_that_nobody_has(nothing_half_written: Path) -> None:
    project(nothing_half_written, "services: {app: {image: 'lacre-test/nobody-has-this:1'}}")
    more = {"HTTPS_PROXY": "http://127.0.0.1:9"}
    ran = lacre("seal", "--exercise", "true", directory=nothing_half_written, more=more)
    is_explained(ran, 2, "lacre-test/nobody-has-this:1")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("exits-at-once", ("exit code 3", "cannot find my configuration")),
        ("crash-loop", ("again", "lost the database")),
    ],
)
def test_a_project_that_does_not_work_as_it_is(
    name: str, words: tuple[str, ...], test_server: FindServer, nothing_half_written: Path
) -> None:
    shutil.copytree(test_server(name).directory, nothing_half_written, dirs_exist_ok=True)
    ran = lacre("seal", "--exercise", "sh exercise.sh", directory=nothing_half_written)
    is_explained(ran, 1, "as it is, without any seal", *words)


def test_who_fails_for_want_of_what_a_twin_is_not_given_is_told_so(
    test_server: FindServer, nothing_half_written: Path
) -> None:
    test_server("redis")
    needy = "test -S /var/run/docker.sock || exit 5; exec sleep 60"
    project(
        nothing_half_written,
        f"services: {{app: {{image: lacre-test/redis, command: [sh, -c, '{needy}'],"
        " volumes: ['/var/run/docker.sock:/var/run/docker.sock']}}",
    )
    ran = lacre("seal", "--exercise", "true", directory=nothing_half_written)
    is_explained(ran, 1, "exit code 5", "not as in the project", "--allow-host socket")


def test_an_exercise_that_fails_on_the_original(test_server: FindServer, nothing_half_written: Path) -> None:
    test_server("redis")
    project(nothing_half_written, "services: {redis: {image: lacre-test/redis}}")
    ran = lacre(
        "seal",
        "--exercise",
        "echo the shop is closed; exit 7",
        "--output",
        "sealed",
        directory=nothing_half_written,
    )
    is_explained(
        ran, 1, "as it is, without any seal", "exit code 7", "the shop is closed", "without a seal first"
    )


def test_an_exercise_that_never_ends(test_server: FindServer, nothing_half_written: Path) -> None:
    test_server("redis")
    project(nothing_half_written, "services: {redis: {image: lacre-test/redis}}")
    ran = lacre("seal", "--exercise", "sleep 1000", "--exercise-timeout", "1", directory=nothing_half_written)
    is_explained(ran, 1, "did not end in time")


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 KB with no room left."""
    path = tmp_path / "full"
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "full", str(path)], check=True)
    try:
        (path / "filler").write_bytes(b"x" * 8192)
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)


def test_no_space_for_the_seal(test_server: FindServer, nothing_half_written: Path, full_disk: Path) -> None:
    test_server("redis")
    project(nothing_half_written, "services: {redis: {image: lacre-test/redis}}")
    before = sorted(full_disk.rglob("*"))
    ran = lacre("seal", "--output", str(full_disk), directory=nothing_half_written)
    is_explained(ran, 2, str(full_disk), "No space left")
    assert sorted(full_disk.rglob("*")) == before


@pytest.mark.parametrize("exists", ["file", "directory below a file"])
def test_an_output_that_cannot_be_is_told_before_the_work(nothing_half_written: Path, exists: str) -> None:
    project(nothing_half_written, SLEEPS)
    (nothing_half_written / "there").write_text("")
    output = "there" if exists == "file" else "there/below"
    ran = lacre("seal", "--exercise", "true", "--output", output, directory=nothing_half_written)
    is_explained(ran, 2, "there", "not a directory")
    assert ran.seconds < 20
    assert {path.name for path in nothing_half_written.iterdir()} == {"compose.yaml", "there"}
