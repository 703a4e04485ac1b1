"""The plans of the attacks that change files, and where an intruder would write at all."""

from __future__ import annotations

import pytest

from lacre.attacks import places
from lacre.attacks.model import Attack, Group, Nothing, Scene, Step
from lacre.attacks.registry import ATTACKS
from lacre.attacks.writing.content import content
from lacre.attacks.writing.data import data
from lacre.attacks.writing.etc import etc
from lacre.attacks.writing.hidden_directory import hidden_directory
from lacre.attacks.writing.hidden_file import hidden_file
from lacre.attacks.writing.program import program
from lacre.attacks.writing.startup import startup
from lacre.seal.model import CONTROLS
from tests.unit.attacks.scenes import IMAGE, PLACES, SEALED_PLACES, directory, file, place, scene

GROUPS = (Group.WRITING, Group.EXECUTING, Group.EXHAUSTING, Group.SPYING)
OURS = [attack for attack in ATTACKS if attack.group in GROUPS]


def steps(attack: Attack, scene: Scene) -> list[Step]:
    planned = attack.plan(scene)
    assert not isinstance(planned, Nothing), planned.reason
    return list(planned)


def where(attack: Attack, scene: Scene) -> list[str]:
    return [step.arguments[0] for step in steps(attack, scene)]


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_an_attack_names_technique_sign_and_mend_and_has_a_page(attack: Attack) -> None:
    assert attack.technique.startswith("T1")
    assert attack.control in CONTROLS or attack.by_design
    assert attack.sign and attack.mend
    assert len(attack.page.split("\n\n")) >= 3, "what is gained, what is done, what stops it"


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
@pytest.mark.parametrize("sealed", [False, True], ids=["original", "sealed"])
def test_a_plan_is_the_same_each_time(attack: Attack, sealed: bool) -> None:
    places = SEALED_PLACES if sealed else PLACES
    assert attack.plan(scene(places=places)) == attack.plan(scene(places=places))


@pytest.mark.parametrize("attack", OURS, ids=lambda attack: attack.id)
def test_a_container_without_any_file_of_its_own_is_no_reason_to_fail(attack: Attack) -> None:
    planned = attack.plan(scene(image={}, program="", directory="/"))
    assert isinstance(planned, Nothing) or planned


@pytest.mark.parametrize(
    "attack", [program, content, etc, startup, hidden_directory], ids=lambda attack: attack.id
)
def test_what_lies_in_the_image_is_tried_although_the_root_is_read_only(attack: Attack) -> None:
    assert attack.plan(scene(places=SEALED_PLACES)) == attack.plan(scene())


def test_the_program_itself_is_opened() -> None:
    assert steps(program, scene()) == [Step("rewrite", ("/srv/server",))]
    assert isinstance(program.plan(scene(program="")), Nothing)


def test_content_is_the_working_directory_the_programs_and_web_roots_of_the_image() -> None:
    image = {**IMAGE, "/var/www": directory(), "/var/www/html": directory()}
    assert where(content, scene(image=image)) == ["/srv", "/var/www/html", "/var/www"]


def test_content_that_lies_in_a_mount_is_left_to_the_attack_on_data() -> None:
    mounted = scene(places=(*PLACES, place("/srv", "volume", "ext4")))
    assert isinstance(content.plan(mounted), Nothing)
    assert where(data, mounted) == ["/data", "/srv"]


def test_start_up_files_are_those_whose_directory_is_in_the_image() -> None:
    image = {**IMAGE, "/etc/cron.d": directory(), "/docker-entrypoint.sh": file(0o755)}
    assert steps(startup, scene(image=image)) == [
        Step("create", ("/etc", "ld.so.preload")),
        Step("append", ("/docker-entrypoint.sh",)),
        Step("create", ("/etc/cron.d",)),
    ]


def test_what_the_engine_mounts_for_itself_is_no_data() -> None:
    sockets = scene(places=(*PLACES, place("/run/docker.sock", "bind")), engine_sockets=("/run/docker.sock",))
    assert where(data, sockets) == ["/data"]


def test_hidden_files_are_tried_in_every_writable_tmpfs_and_for_root_in_dev() -> None:
    places = (*PLACES, place("/ro", "tmpfs", writable=False))
    assert where(hidden_file, scene(places=places)) == ["/dev/shm", "/tmp"]
    assert where(hidden_file, scene(places=places, uid=0, gid=0)) == ["/dev/shm", "/tmp", "/dev"]


def test_directories_that_the_image_hands_to_the_user_come_first() -> None:
    image = {
        **IMAGE,
        "/spool": directory(0o755, 33, 33),
        "/var/tmp": directory(0o1777),
        "/x": directory(0o700),
    }
    assert places.image_directories(scene(image=image)) == ("/var/tmp", "/spool", "/srv", "/")


def test_a_directory_below_a_mount_is_not_the_images_own() -> None:
    image = {**IMAGE, "/tmp": directory(0o1777), "/data/spool": directory(0o777)}
    assert places.image_directories(scene(image=image)) == ("/srv", "/")


def test_places_are_tried_whatever_they_are_called() -> None:
    image = {**IMAGE, "/a\n": directory(0o777), "/b\udcff": directory(0o777)}
    mounts = (*PLACES, place("/v\udcff", "volume"), place("/t\x1b", "tmpfs"))
    assert places.image_directories(scene(image=image)) == ("/a\n", "/b\udcff", "/srv", "/")
    assert where(data, scene(places=mounts)) == ["/data", "/v\udcff"]
    assert where(hidden_file, scene(places=mounts)) == ["/dev/shm", "/tmp", "/t\x1b"]


@pytest.mark.parametrize(
    ("mode", "uid", "gid", "allowed"),
    [
        (0o200, 33, 0, True),
        (0o022, 33, 33, False),
        (0o020, 0, 33, True),
        (0o002, 0, 33, False),
        (0o002, 0, 0, True),
    ],
)
def test_the_first_class_that_a_user_is_in_decides(mode: int, uid: int, gid: int, allowed: bool) -> None:
    assert places.may_write(scene(), directory(mode, uid, gid)) is allowed
    assert places.may_write(scene(uid=0), directory(mode, uid, gid))


def test_a_directory_of_any_of_the_users_groups_is_handed_to_it() -> None:
    image = {**IMAGE, "/spool": directory(0o770, 0, 777)}
    assert "/spool" in places.image_directories(scene(image=image, groups=frozenset({777})))
    assert "/spool" not in places.image_directories(scene(image=image))
