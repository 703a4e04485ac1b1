"""The plans of the attacks that spy and move on."""

from __future__ import annotations

from lacre.attacks.model import Neighbour, Nothing, Step
from lacre.attacks.spying.environment import environment
from lacre.attacks.spying.listen import listen
from lacre.attacks.spying.memory import read_memory
from lacre.attacks.spying.neighbours import neighbours
from lacre.attacks.spying.packet import packet_socket
from lacre.attacks.spying.private_files import private_files
from lacre.attacks.spying.raw import raw_socket
from lacre.attacks.spying.trace import trace
from lacre.attacks.spying.ways_out import ways_out
from tests.unit.attacks.scenes import IMAGE, PLACES, directory, file, place, scene
from tests.unit.attacks.test_writing import steps, where

DB = Neighbour(service="db", address="10.0.0.2", ports=(5432, 9000), needed=(5432,))


def test_other_processes_of_the_user_are_looked_at_then_the_first() -> None:
    for attack in (trace, read_memory, environment):
        assert where(attack, scene()) == ["1"]
        assert where(attack, scene(other_processes=(7, 8, 9))) == ["7", "1"]
        assert where(attack, scene(other_processes=(1, 8))) == ["1"]


def test_the_hosts_first_process_is_left_alone() -> None:
    for attack in (trace, read_memory, environment):
        assert where(attack, scene(own_pids=False, first=600)) == ["600"]
        assert where(attack, scene(own_pids=False, first=600, other_processes=(700,))) == ["700", "600"]


def test_files_that_only_root_may_read_are_opened_the_password_hashes_first() -> None:
    image = {
        **IMAGE,
        "/etc/shadow": file(0o640, 0, 42, size=500),
        "/etc/empty": file(0o600, 0, 0),
        "/etc/ssl/private": directory(0o700),
        "/etc/ssl/private/a.key": file(0o600, 0, 0, size=1700),
        "/home/key": file(0o600, 1000, 1000, size=1700),
    }
    assert where(private_files, scene(image=image)) == ["/etc/shadow", "/etc/ssl/private/a.key"]
    assert isinstance(private_files.plan(scene()), Nothing)


def test_a_file_that_a_mount_hides_is_not_the_images() -> None:
    image = {**IMAGE, "/data/key": file(0o600, 0, 0, size=1)}
    assert isinstance(private_files.plan(scene(image=image)), Nothing)


def test_sockets_are_opened_whoever_asks() -> None:
    assert steps(raw_socket, scene()) == [Step("raw")]
    assert steps(packet_socket, scene()) == [Step("packet")]
    assert steps(listen, scene()) == [Step("listen")]


def test_only_ports_that_were_never_needed_are_connected_to() -> None:
    assert steps(neighbours, scene(neighbours=(DB,))) == [Step("connect", ("10.0.0.2", "9000"))]


def test_a_service_that_is_alone_or_needs_all_has_nowhere_to_move() -> None:
    assert isinstance(neighbours.plan(scene()), Nothing)
    needed = Neighbour(service="db", address="10.0.0.2", ports=(5432,), needed=(5432,))
    assert isinstance(neighbours.plan(scene(neighbours=(needed,))), Nothing)


def test_connections_are_few_whatever_a_project_offers() -> None:
    many = Neighbour(service="db", address="10.0.0.2", ports=tuple(range(1, 500)))
    assert len(steps(neighbours, scene(neighbours=(many,)))) <= 8


def test_a_closed_twin_tells_nothing_about_ways_out() -> None:
    assert isinstance(ways_out.plan(scene()), Nothing)
    assert where(ways_out, scene(closed=False)) == ["172.17.0.1", "169.254.169.254"]
    assert where(ways_out, scene(closed=False, gateway="")) == ["169.254.169.254"]


def test_a_mount_over_a_directory_takes_its_private_files_out_of_sight() -> None:
    image = {**IMAGE, "/etc/shadow": file(0o640, 0, 42, size=500)}
    assert isinstance(
        private_files.plan(scene(image=image, places=(*PLACES, place("/etc", "volume")))), Nothing
    )
