"""The plans of the attacks on the kernel's surface."""

from __future__ import annotations

import re

from lacre.attacks.kernel.rare_families import rare_families
from lacre.attacks.model import Group, Nothing
from lacre.attacks.registry import ATTACKS
from tests.unit.attacks.scenes import scene


def test_a_family_that_the_kernel_has_not_registered_is_not_tried() -> None:
    planned = rare_families.plan(scene(protocols=frozenset({"TCP", "UDP", "UNIX", "PACKET"})))
    assert isinstance(planned, Nothing)
    assert "load" in planned.reason


def test_registered_rare_families_are_tried_and_no_others() -> None:
    planned = rare_families.plan(scene(protocols=frozenset({"TCP", "AF_VSOCK", "SCTP"})))
    assert not isinstance(planned, Nothing)
    assert [step.arguments for step in planned] == [("40:1:0", "2:5:132")]


def test_a_family_is_named_by_three_numbers() -> None:
    every = frozenset({"AF_VSOCK", "ALG", "CAN_BCM", "CAN_RAW", "L2CAP", "SCTP", "TIPC", "X25", "XDP"})
    planned = rare_families.plan(scene(protocols=every))
    assert not isinstance(planned, Nothing)
    assert len(planned[0].arguments) == len(every)
    assert all(re.fullmatch(r"\d+:\d+:\d+", argument) for argument in planned[0].arguments)


def test_every_other_attack_on_the_kernel_takes_nothing_from_the_scene() -> None:
    for attack in ATTACKS:
        if attack.group is Group.KERNEL and attack is not rare_families:
            planned = attack.plan(scene())
            assert not isinstance(planned, Nothing)
            assert [step.arguments for step in planned] == [()], attack.id
