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
from tests.sealing import SealedServer, deployed, lacre, not_in_force, numbers_left_out

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
        writable = {mount.path for mount in (*of.filesystem.tmpfs, *of.filesystem.volumes)}
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
        refused = {
            refusal.what
            for refusal in sealed.proof.refusals(service)
            if refusal.because is RefusedBecause.READ_ONLY and refusal.writing and not refusal.question
        }
        refused_before = {
            refusal.what for run in sealed.runs if run.name == "baseline" for refusal in run.refusals(service)
        }
        # names of temporary files differ in their numbers: one of them stands for all
        left = {numbers_left_out(path) for path in refused - refused_before}
        assert left <= {numbers_left_out(path) for path in stated}, service
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
    assert sealed.proof.works
    assert sealed.seal.trials == len([run for run in sealed.runs if run.name.startswith("trial")])
    assert sealed.result["trials"] == sealed.seal.trials
    for service in sealed.seal.services:
        harmful = [
            refusal
            for refusal in sealed.proof.refusals(service)
            if refusal.because
            in (RefusedBecause.FULL, RefusedBecause.PROCESSES, RefusedBecause.FILES, RefusedBecause.MEMORY)
        ]
        assert not harmful, service


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


@pytest.mark.long
@each_server
def test_each_capability_of_a_seal_is_needed(name: str, seal_server: SealServer, tmp_path: Path) -> None:
    sealed = seal_server(name)
    granted = [(s, c) for s, of in sealed.seal.services.items() for c in sorted(of.capabilities.add)]
    if not granted:
        pytest.skip("its seal has no capabilities")
    for service, capability in granted:
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
