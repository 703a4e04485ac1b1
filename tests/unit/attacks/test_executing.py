"""The plans of the attacks that drop and execute."""

from __future__ import annotations

from lacre.attacks.executing.dropped import dropped_program
from lacre.attacks.executing.dropped_data import dropped_data
from lacre.attacks.executing.file_capabilities import file_capabilities
from lacre.attacks.executing.interpreter import interpreter
from lacre.attacks.executing.memfd import memfd
from lacre.attacks.executing.set_id import set_id
from lacre.attacks.executing.shared_object import shared_object
from lacre.attacks.model import Nothing, Step
from tests.unit.attacks.scenes import IMAGE, PLACES, SEALED_PLACES, directory, file, place, scene
from tests.unit.attacks.test_writing import steps, where


def test_programs_and_libraries_are_dropped_wherever_no_data_has_to_lie() -> None:
    image = {**IMAGE, "/var/tmp": directory(0o1777)}
    for attack in (dropped_program, shared_object):
        for mounts in (PLACES, SEALED_PLACES):
            dropped = where(attack, scene(image=image, places=mounts))
            assert dropped == ["/var/tmp", "/srv", "/", "/dev/shm", "/tmp"]


def test_each_tmpfs_that_is_left_is_a_step_whatever_its_options() -> None:
    mounts = (*SEALED_PLACES, *(place(f"/t{n}", "tmpfs", executable=n % 2 == 0) for n in range(6)))
    assert where(dropped_program, scene(places=mounts))[-6:] == [f"/t{n}" for n in range(6)]


def test_data_and_roots_dev_are_open_by_design() -> None:
    assert dropped_data.by_design
    assert where(dropped_data, scene()) == ["/data"]
    assert where(dropped_data, scene(uid=0, gid=0)) == ["/data", "/dev"]
    assert isinstance(dropped_data.plan(scene(places=PLACES[:5])), Nothing)


def test_memory_that_is_no_file_needs_no_place() -> None:
    assert steps(memfd, scene()) == [Step("memfd")]


def test_one_interpreter_of_each_kind_ends_with_forty_two() -> None:
    image = {
        "/usr/bin/dash": file(0o755),
        "/usr/bin/sh": IMAGE["/bin/sh"],
        "/usr/bin/perl": file(0o755),
        "/usr/bin/python3": file(0o750),  # not for this user
        "/opt/ruby": file(0o755),  # no place where lacre looks
    }
    found = [step.arguments for step in steps(interpreter, scene(image=image))]
    assert found == [("/usr/bin/sh", "-c", "exit 42"), ("/usr/bin/perl", "-e", "exit 42")]


def test_an_image_without_interpreters_has_nothing_to_run_a_script_with() -> None:
    assert isinstance(interpreter.plan(scene(image={"/server": file(0o755)})), Nothing)


def test_set_uid_files_come_before_set_gid_files_and_one_of_each_mechanism_is_enough() -> None:
    image = {f"/usr/bin/{n}": file(0o2755, 0, 42) for n in "abcd"}
    image |= {"/usr/bin/su": file(0o4755), "/usr/bin/z": file(0o4755, 7)}
    assert where(set_id, scene(image=image)) == ["/usr/bin/su", "/usr/bin/z", "/usr/bin/a"]


def test_a_set_id_file_that_gives_nothing_or_is_for_others_is_none() -> None:
    image = {"/own": file(0o4755, 33), "/group": file(0o2755, 0, 33), "/closed": file(0o4750)}
    planned = set_id.plan(scene(image=image))
    assert isinstance(planned, Nothing) and "no set-id file" in planned.reason


def test_a_set_id_file_is_tried_whatever_it_is_called() -> None:
    image = {"/a\nb": file(0o4755), "/raw\udcff": file(0o4755)}
    assert where(set_id, scene(image=image)) == ["/a\nb", "/raw\udcff"]


def test_root_gains_nothing_by_set_id_files_and_capabilities() -> None:
    for attack in (set_id, file_capabilities):
        planned = attack.plan(scene(uid=0, gid=0, capable_files=("/usr/bin/su",)))
        assert isinstance(planned, Nothing) and "root already" in planned.reason


def test_files_with_capabilities_are_executed() -> None:
    image = {**IMAGE, "/usr/bin/ping": file(0o755)}
    ours = scene(image=image, capable_files=("/usr/bin/ping", "/gone"))
    assert steps(file_capabilities, ours) == [Step("gains", ("/usr/bin/ping",))]
    assert isinstance(file_capabilities.plan(scene()), Nothing)
