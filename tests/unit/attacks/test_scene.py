"""What is known of a container's mounts."""

from __future__ import annotations

from typing import Any

import pytest

from lacre.attacks.escaping.places import directories
from lacre.attacks.executing.dropped import dropped_program
from lacre.attacks.exhausting.tmpfs import tmpfs_fill
from lacre.attacks.scene import _places
from lacre.attacks.stage import TOOL
from lacre.attacks.writing.hidden_file import hidden_file
from lacre.engine.inside import Mounted
from tests.unit.attacks.scenes import scene
from tests.unit.attacks.test_writing import where


def mounted(path: str, filesystem: str, *options: str) -> Mounted:
    return Mounted(path=path, filesystem=filesystem, options=frozenset(options or ("rw",)), size=1 << 20)


MOUNTS = (
    mounted("/", "overlay"),
    mounted("/proc", "proc"),
    mounted("/proc/acpi", "tmpfs", "ro"),
    mounted("/dev", "tmpfs"),
    mounted("/dev/shm", "tmpfs", "rw", "noexec"),
    mounted("/tmp", "tmpfs"),
    mounted("/data", "ext4"),
    mounted("/bound", "tmpfs"),
    mounted(TOOL, "ext4", "ro"),
)
TOLD: dict[str, Any] = {
    "Mounts": [{"Destination": "/data", "Type": "volume"}, {"Destination": "/bound", "Type": "bind"}],
    "HostConfig": {"IpcMode": "private"},
}


def test_the_kind_of_each_mount_is_told_and_the_tool_is_none() -> None:
    assert {place.path: place.kind for place in _places(MOUNTS, TOLD)} == {
        "/": "root",
        "/proc": "kernel",
        "/proc/acpi": "kernel",
        "/dev": "device",
        "/dev/shm": "tmpfs",
        "/tmp": "tmpfs",
        "/data": "volume",
        "/bound": "tmpfs",
    }


@pytest.mark.parametrize(("mode", "tried"), [("private", True), ("shareable", True), ("host", False)])
def test_nothing_is_put_into_the_hosts_own_shared_memory(mode: str, tried: bool) -> None:
    ours = scene(uid=0, image={}, places=_places(MOUNTS, {**TOLD, "HostConfig": {"IpcMode": mode}}))
    for attack in (hidden_file, tmpfs_fill, dropped_program):
        assert ("/dev/shm" in where(attack, ours)) is tried
    assert ("/dev/shm" in directories(ours)) is tried
