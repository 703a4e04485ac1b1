"""The plans of the attacks that leave the container."""

from __future__ import annotations

import pytest

from lacre.attacks.escaping.control_groups import control_groups
from lacre.attacks.escaping.core_pattern import core_pattern
from lacre.attacks.escaping.device_node import device_node
from lacre.attacks.escaping.engine_socket import engine_socket
from lacre.attacks.escaping.host_root import host_root
from lacre.attacks.escaping.mount import mount
from lacre.attacks.escaping.mount_namespace import mount_namespace
from lacre.attacks.escaping.network_namespace import network_namespace
from lacre.attacks.escaping.raw_disk import raw_disk
from lacre.attacks.escaping.sysctl import sysctl
from lacre.attacks.escaping.sysfs import sysfs
from lacre.attacks.escaping.user_namespace import user_namespace
from lacre.attacks.model import Attack, Group, Nothing, Scene, Step
from lacre.attacks.registry import ATTACKS
from lacre.attacks.stage import TOOL
from lacre.seal.model import CONTROLS
from tests.unit.attacks.scenes import IMAGE, PLACES, SEALED_PLACES, file, place, scene

OURS = [attack for attack in ATTACKS if attack.group in (Group.ESCAPING, Group.KERNEL)]
HOST = ("/proc/sys", "/proc/sysrq", "/sys")


def steps(attack: Attack, scene: Scene) -> list[Step]:
    planned = attack.plan(scene)
    assert not isinstance(planned, Nothing), planned.reason
    return list(planned)


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_an_attack_names_technique_control_sign_mend_and_has_a_page(attack: Attack) -> None:
    assert attack.technique.startswith("T1")
    assert attack.control in CONTROLS
    assert attack.sign and attack.mend
    assert len(attack.page.split("\n\n")) >= 3, "what is gained, what is done, what stops it"


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_a_plan_is_the_same_each_time_and_for_a_sealed_container(attack: Attack) -> None:
    before = attack.plan(scene())
    assert attack.plan(scene()) == before
    assert attack.plan(scene(places=SEALED_PLACES)) == before


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_files_of_the_host_are_only_ever_opened(attack: Attack) -> None:
    planned = attack.plan(scene(own_pids=False, engine_sockets=("/run/docker.sock",)))
    for step in [] if isinstance(planned, Nothing) else planned:
        if any(argument.startswith(HOST) for argument in step.arguments):
            assert step.action == "open-to-write"


def test_nodes_are_tried_in_every_directory_that_is_mounted() -> None:
    where = ("/", "/dev", "/dev/shm", "/tmp", "/data")
    assert steps(device_node, scene()) == [Step("device-node", where)]
    assert steps(raw_disk, scene()) == [Step("raw-disk", where)]


def test_a_read_only_root_is_tried_too_for_it_is_what_refuses() -> None:
    assert steps(device_node, scene(places=SEALED_PLACES))[0].arguments[0] == "/"


def test_a_mounted_file_is_no_place_for_a_node() -> None:
    mounted = scene(
        places=(*PLACES, place("/srv/server.conf", "bind")),
        image={**IMAGE, "/srv/server.conf": file()},
    )
    assert "/srv/server.conf" not in steps(device_node, mounted)[0].arguments


@pytest.mark.parametrize("version", [1, 2])
def test_control_groups_are_attacked_in_the_version_that_the_host_has(version: int) -> None:
    assert steps(control_groups, scene(cgroup=version)) == [Step("control-groups", (str(version), TOOL))]


def test_the_engines_socket_is_attacked_where_one_is_mounted() -> None:
    planned = engine_socket.plan(scene())
    assert isinstance(planned, Nothing)
    assert "socket" in planned.reason
    sockets = ("/run/docker.sock", "/var/run/podman.sock")
    assert steps(engine_socket, scene(engine_sockets=sockets)) == [
        Step("engine-socket", (path,)) for path in sockets
    ]


def test_the_first_process_is_attacked_only_where_it_is_not_the_containers_own() -> None:
    assert isinstance(host_root.plan(scene()), Nothing)
    assert steps(host_root, scene(own_pids=False)) == [Step("host-root")]


def test_each_kind_of_namespace_is_an_attack() -> None:
    kinds = [steps(a, scene())[0].arguments for a in (user_namespace, mount_namespace, network_namespace)]
    assert kinds == [("user",), ("mnt",), ("net",)]


def test_what_is_mounted_is_mounted_over_the_attacks_own_directory() -> None:
    mounting = {"mount": 0, "open-in-mount": 1, "control-groups": 1}  # action → which argument says where
    seen = set()
    for attack in (mount, core_pattern, sysfs, control_groups):
        for step in steps(attack, scene()):
            if step.action in mounting:
                seen.add(step.action)
                assert step.arguments[mounting[step.action]] == TOOL
    assert seen == mounting.keys()


def test_a_setting_that_every_kernel_has_is_among_those_tried() -> None:
    assert "/proc/sys/vm/overcommit_memory" in steps(sysctl, scene())[0].arguments
