"""Who is the engine, and what of it root runs: anybody may call a process dockerd."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from lacre.host import facts, processes
from lacre.host.daemon import engines, hosts_own, only_roots, replaceable
from lacre.host.dockerd import EngineFacts
from lacre.host.files import Root
from lacre.host.settings import SETTINGS
from tests.unit.host import trees

LIE = ("dockerd", "--config-file", "/etc/shadow")


def engine(root: Root) -> EngineFacts:
    return facts.read(root, SETTINGS, None).engine


def install(root: Root, path: str = "/usr/bin/dockerd") -> None:
    """A program that nobody but its owner may write, nor the directories above it, whatever the umask is."""
    trees.put(root, path, "")
    root.directory.chmod(0o755)
    for place in (root.at(path), *root.at(path).parents):
        if place != root.directory and place.is_relative_to(root.directory):
            place.chmod(0o755)


@pytest.mark.parametrize(
    "liar",
    [
        {"uid": 65534},
        {"uid": 65534, "effective": 0},
        {"uid": 0, "effective": 65534},
        {"program": "/usr/bin/sudo"},
        {"cgroup": f"0::/docker/{'a' * 64}"},
    ],
    ids=["a user's", "set-user-id", "given away", "by a link", "in a container"],
)
def test_a_process_that_is_only_called_dockerd_is_not_the_engine(
    liar: dict[str, Any], tmp_path: Path
) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 40, "dockerd", command=LIE, **liar)
    trees.put(root, "/run/docker.pid", "40")
    assert hosts_own(root, processes.read(root)) is None
    found = engine(root)
    assert (found.running, found.pid, found.config) == (False, 0, "/etc/docker/daemon.json")
    trees.process(root, 50, "dockerd", command=("dockerd",))
    assert engine(root).pid == 50


def test_a_set_user_id_program_linked_as_dockerd_is_not_the_engine(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 40, "dockerd", program="/tmp/x/dockerd", command=LIE)
    assert engine(root).pid == 40
    root.at("/tmp/x/dockerd").chmod(0o4755)
    assert not engine(root).running


def test_an_engine_of_an_ordinary_user_is_found_by_its_user_alone(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    trees.process(root, 40, "dockerd", uid=1000)
    trees.process(root, 50, "dockerd", uid=1001)
    running = processes.read(root)
    assert [one.pid for one in engines(running, 1001)] == [50]
    assert engines(running) == ()


@pytest.mark.parametrize("writable", ["", "/opt/x/dockerd", "/opt/x", "/opt"])
def test_a_program_that_others_could_have_put_there_is_not_run(writable: str, tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    install(root)
    install(root, "/opt/x/dockerd")
    trees.process(root, 50, "dockerd", program="/opt/x/dockerd")
    if writable:
        root.at(writable).chmod(0o777)
    assert engine(root).pid == 50
    assert engine(root).program == ("/usr/bin/dockerd" if writable else "/opt/x/dockerd")


def test_without_any_program_that_may_be_run_none_is(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    install(root)
    root.at("/usr/bin/dockerd").chmod(0o775)
    trees.process(root, 50, "dockerd")
    found = engine(root)
    assert (found.there, found.running, found.program) == (True, True, "")


def test_a_link_is_judged_by_where_it_leads(tmp_path: Path) -> None:
    root = trees.make(tmp_path / "host")
    install(root)
    root.at("/usr/sbin").symlink_to("bin")
    assert only_roots(root, "/usr/sbin/dockerd")
    assert not only_roots(root, "/usr/bin")
    assert not only_roots(root, "/gone")
    (tmp_path / "dockerd").write_text("")
    root.at("/usr/bin/out").symlink_to(tmp_path / "dockerd")
    assert not only_roots(root, "/usr/bin/out")


@pytest.mark.parametrize(
    ("place", "mode", "wanted"),
    [
        ("/usr", 0o755, ""),
        ("/usr", 0o777, "/usr"),
        ("/usr", 0o1777, ""),
        ("/usr/bin", 0o775, "/usr/bin"),
        ("/", 0o777, "/"),
        ("/etc/alternatives", 0o777, "/etc/alternatives"),
        ("/srv", 0o777, ""),
        ("/usr/bin/dockerd", 0o660, ""),
    ],
)
def test_a_file_can_be_replaced_by_who_may_write_a_directory_on_the_way_to_it(
    place: str, mode: int, wanted: str, tmp_path: Path
) -> None:
    root = trees.make(tmp_path)
    install(root)
    install(root, "/etc/alternatives/x")
    install(root, "/srv/x")
    root.at("/etc/alternatives/dockerd").symlink_to("../../usr/bin/dockerd")
    root.at("/usr/sbin").symlink_to("/etc/alternatives")
    root.at(place).chmod(mode)
    assert replaceable(root, "/usr/sbin/dockerd") == wanted


def test_an_ordinary_users_directory_lets_him_replace_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = trees.make(tmp_path)
    install(root)
    real = Path.stat

    def stat(path: Path, **options: bool) -> os.stat_result:
        seen = list(real(path, **options))
        return os.stat_result([*seen[:4], 4242, *seen[5:]] if path == root.at("/usr") else seen)

    monkeypatch.setattr(Path, "stat", stat)  # only root gives a directory away
    assert replaceable(root, "/usr/bin/dockerd") == "/usr"
    assert not only_roots(root, "/usr/bin/dockerd")


def test_links_that_go_round_lead_nowhere(tmp_path: Path) -> None:
    root = trees.make(tmp_path)
    root.at("/round").symlink_to("/round")
    assert not only_roots(root, "/round")
    with pytest.raises(OSError, match="symbolic links"):
        replaceable(root, "/round")


def test_a_configuration_that_goes_round_is_none_of_a_daemon_that_runs(tmp_path: Path) -> None:
    root = trees.make(tmp_path, daemon=None)
    (tmp_path / "etc/docker").mkdir()
    root.at("/etc/docker/daemon.json").symlink_to("daemon.json")
    trees.process(root, 50, "dockerd")
    found = engine(root)
    assert (found.running, found.text, found.stale) == (True, None, False)


def test_a_file_with_a_number_of_too_many_digits_is_broken(tmp_path: Path) -> None:
    assert "digits" in engine(trees.make(tmp_path, daemon='{"mtu": ' + "9" * 5000 + "}")).broken
