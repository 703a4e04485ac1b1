"""Real servers: each is sealed by one command with a plain exercise, and then does work that was not the exercise."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from pathlib import Path

import pytest

from lacre.observe import Phase
from lacre.seal import file as seal_file
from lacre.seal.model import Seal, ServiceSeal
from lacre.seccomp import KERNEL_SURFACE, allowed_by_default
from lacre.sensor import Executed, MappedExecutable, Opened, RefusedBecause, Write
from tests.sealing import TABLE, SealedServer, deployed, lacre, not_in_force, numbers_left_out, seal
from tests.servers.harness import Server

QUICK = ("nginx", "redis", "postgres", "haproxy")
SLOW = ("memcached", "apache2", "mosquitto", "mariadb", "node", "gunicorn")
FIRST_DRAFT_WORKS = ("nginx", "redis", "postgres")
NEVER_GRANTED = frozenset(
    {"/", "/bin", "/boot", "/etc", "/lib", "/lib64", "/sbin", "/usr", "/var", "/dev", "/sys"}
)
MADE_BY_THE_ENGINE = ("/dev", "/proc", "/sys")

SealServer = Callable[[str], SealedServer]

each_server = pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(n, marks=pytest.mark.long) for n in SLOW)]
)


@each_server
def test_a_sealed_server_does_work_that_was_not_the_exercise(
    name: str, seal_server: SealServer, tmp_path: Path
) -> None:
    sealed = seal_server(name)
    with deployed(sealed, f"sealed-{name}", tmp_path) as up:
        for workload in sealed.server.workloads:
            try:
                up.exercise(workload, "first")
            except Exception as error:
                raise AssertionError(f"{workload} under the seal: {error}\n{up.logs()}") from error
        seals = sealed.seal.services
        wrong = {
            service: missing
            for container in up.containers()
            if container["State"]["Running"]
            and (service := container["Config"]["Labels"]["com.docker.compose.service"])
            and (missing := not_in_force(container, seals[service]))
        }
        assert not wrong
        assert all(container["RestartCount"] == 0 for container in up.containers())
        up.compose("stop")
        ends = {
            container["Config"]["Labels"]["com.docker.compose.service"]: container["State"]["ExitCode"]
            for container in up.containers()
        }
        assert ends == {service: sealed.baseline.stopped[service, Phase.STOP].exit_code for service in ends}
        up.up()
        up.exercise(sealed.server.exercise, "first")


@each_server
def test_no_grant_is_wide_and_no_tmpfs_hides_what_was_used(name: str, seal_server: SealServer) -> None:
    sealed = seal_server(name)
    for service, of in sealed.seal.services.items():
        writable = {m.path for m in of.filesystem.tmpfs} | {v.path for v in of.filesystem.volumes}
        assert not writable & NEVER_GRANTED, service
        used = {
            fact.path
            for fact in sealed.baseline.facts[service]
            if isinstance(fact, (Executed, MappedExecutable))
            or (isinstance(fact, Opened) and not fact.directory and fact.filesystem == "overlay")
        }
        made = {fact.path for fact in sealed.baseline.facts[service] if isinstance(fact, Write)}
        hidden = {
            path
            for path in used - made
            for mount in of.filesystem.tmpfs
            if path.startswith(f"{mount.path}/") and not path.startswith(MADE_BY_THE_ENGINE)
        }
        assert not hidden, f"{service}: a tmpfs hides what the image has and the application used"


@each_server
def test_each_path_that_is_left_refused_is_named_in_full(name: str, seal_server: SealServer) -> None:
    sealed = seal_server(name)
    for service, of in sealed.seal.services.items():
        stated = {left.what for left in of.filesystem.left}
        assert all(path.startswith("/") and posixpath.normpath(path) == path for path in stated), stated
        before = {refusal.what for refusal in sealed.baseline.refusals(service)}
        refused = [
            {
                refusal.what
                for refusal in proof.refusals(service)
                if refusal.because is RefusedBecause.READ_ONLY and refusal.writing and not refusal.question
            }
            for proof in sealed.proofs
        ]
        # names of temporary files differ in their numbers: one of them stands for all
        named = {numbers_left_out(path) for path in stated}
        assert any({numbers_left_out(path) for path in paths - before} <= named for paths in refused), service
        assert all(left.reason for left in of.filesystem.left), service


@each_server
def test_no_kernel_surface_and_nothing_wider_than_dockers_default(name: str, seal_server: SealServer) -> None:
    sealed = seal_server(name)
    for service, of in sealed.seal.services.items():
        assert of.syscalls.base == "allow-list", service
        surface = (of.syscalls.allowed & KERNEL_SURFACE) - of.syscalls.observed
        assert not surface, service
        assert of.syscalls.allowed <= allowed_by_default(of.capabilities.add), service


@each_server
def test_the_proof_ended_without_a_harmful_refusal(name: str, seal_server: SealServer) -> None:
    sealed = seal_server(name)
    assert sealed.seal.trials == len([run for run in sealed.runs if run.name.startswith("trial")])
    assert sealed.result["trials"] == sealed.seal.trials
    harmful = (RefusedBecause.FULL, RefusedBecause.PROCESSES, RefusedBecause.FILES, RefusedBecause.MEMORY)
    assert any(
        not [r for service in sealed.seal.services for r in proof.refusals(service) if r.because in harmful]
        for proof in sealed.proofs
    )


@pytest.mark.parametrize("name", FIRST_DRAFT_WORKS)
def test_a_first_draft_that_works_costs_one_observation_and_one_proof(
    name: str, seal_server: SealServer
) -> None:
    sealed = seal_server(name)
    assert [run.name for run in sealed.runs] == ["baseline", "trial 1"]
    assert sealed.seal.trials == 1
    assert sealed.ran.code == 0


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=pytest.mark.long) for n in SLOW)])
def test_who_can_run_without_root_does_so_without_capabilities(name: str, seal_server: SealServer) -> None:
    of = seal_server(name).main
    if of.user.root:
        assert of.user.grants or of.user.left or of.user.off, "root, and nothing says why"
    else:
        assert not of.capabilities.add


# Answers as a user of its own for each request, and hands over a file to that user: takes a root start.
SWITCHES_USERS = """
import http.server, os, signal, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        read, write = os.pipe()
        child = os.fork()
        if not child:
            if not os.path.exists("/home/mail"):
                open("/home/mail", "a").close()
                os.chown("/home/mail", 2001, 2001)
            os.setgroups([])
            os.setgid(2001)
            os.setuid(2001)
            with open("/home/mail", "a") as mail:
                mail.write("a letter\\n")
            os.write(write, b"delivered as %d" % os.getuid())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(write)
        body = os.read(read, 100) or b"not delivered"
        self.send_response(200 if body.startswith(b"delivered") else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def sealed_switcher(
    test_server: Callable[[str], Server], tmp_path_factory: pytest.TempPathFactory
) -> SealedServer:
    """An application that cannot do its work without capabilities, sealed."""
    test_server("migrate")
    directory = tmp_path_factory.mktemp("switches") / "switches-users"
    directory.mkdir()
    (directory / "serve.py").write_text(SWITCHES_USERS)
    (directory / "exercise.sh").write_text(
        "curl -fsS -m 10 http://$LACRE_APP_8000/ | grep -q 'delivered as 2001'\n"
    )
    (directory / "compose.yaml").write_text(
        "services:\n  app:\n    image: lacre-test/migrate\n    user: root\n    command: [python3, /srv/serve.py]\n"
        "    volumes: ['./serve.py:/srv/serve.py:ro', 'home:/home']\nvolumes: {home: {}}\n"
    )
    sealed = seal(Server("switches-users", directory), tmp_path_factory.mktemp("sealed-switches"))
    TABLE.add(sealed)
    return sealed


@pytest.mark.long
def test_who_needs_capabilities_gets_them_and_no_other(sealed_switcher: SealedServer, tmp_path: Path) -> None:
    of = sealed_switcher.main
    assert of.user.root
    assert of.capabilities.add == {"CHOWN", "SETGID", "SETUID"}
    assert {grant.what for grant in of.capabilities.grants} == of.capabilities.add
    with deployed(sealed_switcher, "sealed-switches", tmp_path) as up:
        up.exercise("sh exercise.sh")
        (container,) = up.containers()
        assert not not_in_force(container, of)
    each_is_needed(sealed_switcher, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("name", [*QUICK, *SLOW, "needs-mount"])
def test_each_capability_of_a_seal_is_needed(name: str, seal_server: SealServer, tmp_path: Path) -> None:
    sealed = seal_server(name)
    if not any(of.capabilities.add for of in sealed.seal.services.values()):
        pytest.skip("its seal has no capabilities")
    each_is_needed(sealed, tmp_path)


def each_is_needed(sealed: SealedServer, tmp_path: Path) -> None:
    """With any capability of a seal taken away, the seal does not hold."""
    for service, of in sealed.seal.services.items():
        for capability in sorted(of.capabilities.add):
            path = tmp_path / f"without-{capability}" / "lacre.yaml"
            path.parent.mkdir()
            path.write_text(seal_file.dump(_without(sealed.seal, service, capability)))
            found = lacre("verify", str(path), "-f", "compose.yaml", directory=sealed.directory)
            assert found.code == 1, f"{service} without {capability}: {found}"


def _without(seal: Seal, service: str, capability: str) -> Seal:
    of: ServiceSeal = seal.services[service]
    capabilities = of.capabilities.model_copy(update={"add": of.capabilities.add - {capability}})
    fewer = of.model_copy(update={"capabilities": capabilities})
    return seal.model_copy(update={"services": {**seal.services, service: fewer}})


@pytest.mark.parametrize("name", QUICK[:1])
def test_an_unchanged_seal_is_verified(name: str, seal_server: SealServer) -> None:
    sealed = seal_server(name)
    found = lacre("verify", "sealed", "-f", "compose.yaml", directory=sealed.directory)
    assert found.code == 0, str(found)
