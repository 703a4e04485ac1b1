from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from lacre.cli import ground
from lacre.engine import EngineInfo, Leftover
from lacre.errors import GroundError
from lacre.report.ground import Check, State, ready
from lacre.sensor import Feature, SensorGround
from tests.unit.cli.fakes import FakeWork

FINE = EngineInfo(
    version="26.1.5",
    kernel="6.12.9",
    cgroup=2,
    cgroup_driver="systemd",
    apparmor=True,
    seccomp=True,
    userns=False,
    first_ids=(0, 0),
    rootless=False,
    podman=False,
    storage_driver="overlay2",
    root_dir="/",
    architecture="x86_64",
    cpus=2,
    memory=1 << 32,
    local=True,
    logging_driver="json-file",
)
SENSOR = SensorGround(
    kernel="6.12.9",
    machine="x86_64",
    usable=True,
    why="",
    capability_mechanism="fexit",
    features=(
        Feature(name="sys_exit", available=True, why=""),
        Feature(name="capabilities_kprobe", available=False, why="not needed"),
        Feature(name="file_origin", available=False, why="overlay has no BTF"),
        Feature(name="newer", available=True, why=""),
    ),
)
HOST = ground.Host(root=True, kernel="6.12.9", btf=True, bounding=(1 << 41) - 1, last=40, machine="x86_64")


class Answers(FakeWork):
    """An engine, a Compose and a sensor that answer, or raise what they were given."""

    def __init__(self, info: Any = FINE, compose: Any = "2.40.3", sensor: Any = SENSOR) -> None:
        super().__init__()
        self.info, self.version, self.ground = info, compose, sensor

    def engine(self) -> Any:
        return type("Engine", (), {"info": lambda _: _given(self.info)})()

    def compose(self) -> Any:
        return type("Compose", (), {"command": ("docker", "compose"), "version": _given(self.version)})()

    def probe(self) -> SensorGround:
        said: SensorGround = _given(self.ground)
        return said


def _given(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


def of(checks: Iterable[Check]) -> dict[str, Check]:
    return {check.what: check for check in checks}


def checked(monkeypatch: pytest.MonkeyPatch, work: Answers, host: ground.Host = HOST) -> dict[str, Check]:
    monkeypatch.setattr(ground, "read_host", lambda: host)
    return of(ground.examine(work))


def test_a_host_that_has_all_is_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Answers()
    work.left = ()
    checks = checked(monkeypatch, work)
    assert ready(tuple(checks.values()))
    assert all(not check.do for check in checks.values() if check.what != "space")


def test_this_host_can_be_read() -> None:
    host = ground.read_host()
    assert host.kernel
    assert host.last > 30


@pytest.mark.parametrize(("missing", "what"), [({"root": False}, "root"), ({"btf": False}, "BTF")])
def test_what_the_sensor_needs_of_the_host_is_missed(
    monkeypatch: pytest.MonkeyPatch, missing: dict[str, bool], what: str
) -> None:
    checks = checked(monkeypatch, Answers(), replace(HOST, **missing))  # type: ignore[arg-type]
    assert checks[what].missing
    assert checks[what].do


def test_a_capability_that_is_out_of_bounds_is_named_but_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = checked(monkeypatch, Answers(), replace(HOST, bounding=HOST.bounding & ~(1 << 24)))
    bounds = checks["capability bounding set"]
    assert "SYS_RESOURCE" in bounds.why
    assert bounds.state is State.NO
    assert not bounds.missing


def test_a_capability_that_this_kernel_does_not_know_is_not_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = checked(monkeypatch, Answers(), replace(HOST, bounding=(1 << 38) - 1, last=37))
    assert checks["capability bounding set"].state is State.YES


def test_without_an_engine_the_rest_is_still_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = GroundError("asking", "there is no socket", "start dockerd")
    checks = checked(monkeypatch, Answers(info=refusal))
    assert checks["engine"].missing
    assert (checks["engine"].why, checks["engine"].do) == ("there is no socket", "start dockerd")
    assert checks["Compose"].state is State.YES
    assert checks["sensor"].state is State.YES


def test_without_compose_or_sensor_seal_cannot_work(monkeypatch: pytest.MonkeyPatch) -> None:
    refusal = GroundError("looking", "it is not there", "install it")
    checks = checked(monkeypatch, Answers(compose=refusal, sensor=refusal))
    assert checks["Compose"].missing
    assert checks["sensor"].missing


@pytest.mark.parametrize(
    ("change", "what", "needed"),
    [
        ({"local": False}, "on this kernel", True),
        ({"rootless": True}, "rootful", True),
        ({"podman": True}, "engine", True),
        ({"seccomp": False}, "seccomp", True),
        ({"apparmor": False}, "AppArmor", False),
    ],
)
def test_what_the_engine_lacks_is_told(change: dict[str, bool], what: str, needed: bool) -> None:
    check = of(ground.engine_checks(replace(FINE, **change)))[what]  # type: ignore[arg-type]
    assert check.state is State.NO
    assert check.missing is needed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"podman": True}, "Podman"),
        ({"rootless": True, "local": False}, "rootless engine"),
        ({"local": False}, "elsewhere"),
        ({"seccomp": False}, "kernel has none"),
    ],
)
def test_no_twin_is_made_on_an_engine_that_cannot_be_watched(change: dict[str, bool], said: str) -> None:
    ground.need(FINE)
    with pytest.raises(GroundError, match=said) as refused:
        ground.need(replace(FINE, **change))  # type: ignore[arg-type]
    assert refused.value.next_step


def test_an_engine_that_remaps_users_is_told_and_not_refused() -> None:
    remapped = replace(FINE, userns=True, first_ids=(165536, 165536))
    ground.need(remapped)
    assert "165536" in of(ground.engine_checks(remapped))["user namespaces"].why


@pytest.mark.parametrize(
    ("version", "state"),
    [
        ("2.24.3", State.NO),
        ("2.24.4", State.YES),
        ("v2.40.3", State.YES),
        ("2.24.4-desktop.1", State.YES),
        ("2.26.1-4", State.YES),
        ("5.0.0", State.YES),
        ("dev", State.UNKNOWN),
    ],
)
def test_override_is_there_since_compose_2_24_4(version: str, state: State) -> None:
    assert ground.override_check(version).state is state


def test_the_sensor_s_mechanisms_are_told_with_what_they_show_and_why_they_are_missing() -> None:
    checks = of(ground.sensor_checks(SENSOR))
    assert set(checks) == {"sensor", "sys_exit", "file_origin", "newer"}
    assert "overlay has no BTF" in checks["file_origin"].why
    assert not any(check.missing for check in checks.values())


def test_leftovers_of_a_run_that_still_goes_on_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Answers()
    work.left = (Leftover(kind="volume", id="2", name="b", twin="y", alive=True),)
    assert checked(monkeypatch, work)["leftovers of earlier runs"].state is State.NO
    work.left = (Leftover(kind="volume", id="2", name="b", twin="y", alive=False),)
    assert checked(monkeypatch, work)["leftovers of earlier runs"].do == "lacre clean"
