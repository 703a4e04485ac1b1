"""The plans of the attacks that exhaust: how much they take, never more than a host bears."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.attacks.exhausting.cpu import cpu
from lacre.attacks.exhausting.descriptors import descriptors
from lacre.attacks.exhausting.disk import disk_fill
from lacre.attacks.exhausting.log import log_flood
from lacre.attacks.exhausting.memory import memory
from lacre.attacks.exhausting.processes import fork_bomb
from lacre.attacks.exhausting.threads import threads
from lacre.attacks.exhausting.tmpfs import tmpfs_fill
from lacre.attacks.exhausting.volume import volume_fill
from lacre.attacks.model import Attack, Bounds, Counter, Group, Nothing, Step
from lacre.attacks.registry import ATTACKS
from lacre.seal.controls.limits import LEAST_DESCRIPTORS
from lacre.seal.controls.logging import ROTATION
from tests.unit.attacks.scenes import IMAGE, MIB, PLACES, directory, place, scene
from tests.unit.attacks.test_writing import steps, where


def test_what_exhausts_comes_last() -> None:
    groups = [attack.group for attack in ATTACKS]
    assert set(groups[groups.index(Group.EXHAUSTING) :]) == {Group.EXHAUSTING}


@pytest.mark.parametrize(("attack", "action"), [(fork_bomb, "processes"), (threads, "threads")])
def test_more_tasks_than_the_limit_are_made_or_a_number_that_every_host_bears(
    attack: Attack, action: str
) -> None:
    assert steps(attack, scene(bounds=Bounds(pids=64)))[0].arguments == ("128",)
    assert steps(attack, scene()) == [Step(action, ("512",), seconds=19.0)]
    planned = attack.plan(scene(bounds=Bounds(pids=5000)))
    assert isinstance(planned, Nothing) and "5000" in planned.reason


def test_more_memory_than_the_limit_is_taken() -> None:
    assert where(memory, scene(bounds=Bounds(memory=256 * MIB))) == ["320"]
    assert where(memory, scene()) == ["512"]


@given(limit=st.none() | st.integers(1, 1 << 44), host=st.integers(0, 1 << 42))
def test_never_more_memory_than_a_quarter_of_the_hosts(limit: int | None, host: int) -> None:
    planned = memory.plan(scene(bounds=Bounds(memory=limit), host_memory=host))
    if not isinstance(planned, Nothing):
        taken = int(planned[0].arguments[0])
        assert (taken - 1) * MIB <= host // 4
        assert limit is None or taken * MIB > limit


def test_a_tmpfs_is_filled_beyond_its_size() -> None:
    mounts = (*PLACES[:4], place("/small", "tmpfs", size=1000), place("/open", "tmpfs"))
    assert [step.arguments for step in steps(tmpfs_fill, scene(places=mounts))] == [
        ("/small", "2"),
        ("/open", "128"),
    ]


@given(
    size=st.none() | st.integers(0, 1 << 40),
    limit=st.none() | st.integers(0, 1 << 40),
    host=st.integers(0, 1 << 42),
)
def test_a_tmpfs_is_never_filled_beyond_what_memory_there_is(
    size: int | None, limit: int | None, host: int
) -> None:
    mounts = (*PLACES[:4], place("/t", "tmpfs", size=size))
    planned = tmpfs_fill.plan(scene(places=mounts, bounds=Bounds(memory=limit), host_memory=host))
    if not isinstance(planned, Nothing):
        taken = int(planned[0].arguments[1]) * MIB
        assert size is None or taken > size
        real = (
            taken if size is None else size
        )  # the size itself holds, or the attack has found that it does not
        assert real <= host // 4
        assert limit is None or real < limit


def test_the_disk_is_filled_where_the_image_lets_the_user_write() -> None:
    image = {**IMAGE, "/var/tmp": directory(0o1777)}
    assert [step.arguments for step in steps(disk_fill, scene(image=image))] == [
        ("/var/tmp", "128"),
        ("/srv", "128"),
    ]
    assert disk_fill.plan(scene(places=(*PLACES, place("/srv", "volume")))) == steps(
        disk_fill, scene(directory="/")
    )


def test_a_volume_is_filled_although_nothing_bounds_it() -> None:
    assert volume_fill.by_design
    assert [step.arguments for step in steps(volume_fill, scene())] == [("/data", "32")]


def test_more_descriptors_are_taken_than_a_seal_leaves() -> None:
    assert int(steps(descriptors, scene())[0].arguments[0]) > LEAST_DESCRIPTORS


def test_every_cpu_is_taken_and_the_host_counts() -> None:
    [step] = steps(cpu, scene(host_cpus=7))
    assert (step.arguments, step.counter) == (("7",), Counter.CPU_PERIODS)


def test_a_cpu_limit_that_is_the_whole_host_holds_nothing_back() -> None:
    assert steps(cpu, scene(host_cpus=2, bounds=Bounds(cpus=1.5)))
    assert isinstance(cpu.plan(scene(host_cpus=1, bounds=Bounds(cpus=1.0))), Nothing)


def test_the_log_is_flooded_beyond_its_rotation_and_the_host_counts() -> None:
    [step] = steps(log_flood, scene(bounds=Bounds(log=10 * MIB), first=7))
    assert (step.arguments, step.counter) == (("7", "14"), Counter.LOG)
    assert 10 * MIB < step.amount < 14 * MIB


def test_an_unrotated_log_is_flooded_beyond_lacres_own_rotation() -> None:
    ours = int(ROTATION["json-file"]["max-size"].removesuffix("m")) * 1000 * 1000
    [step] = steps(log_flood, scene())
    assert int(step.arguments[1]) * MIB > ours
    assert step.amount == 0, "lines that the engine lost on the way are no rotation"


def test_a_log_that_is_rotated_late_is_left_alone() -> None:
    assert isinstance(log_flood.plan(scene(bounds=Bounds(log=1 << 30))), Nothing)


def test_a_log_without_a_file_of_the_engine_cannot_be_counted() -> None:
    assert isinstance(log_flood.plan(scene(log_file=False)), Nothing)
