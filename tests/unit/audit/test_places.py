"""Where things stand: anchors, aliases, tags, merged keys, wide characters, several lines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lacre.audit.facts.mounts import host_paths
from lacre.audit.facts.services import services
from lacre.audit.read.compose import compose_root, read_project
from lacre.audit.read.tree import Mapping, Node, Scalar, documents


def at(text: str, *keys: str) -> Node:
    (node,) = documents(text, "f")
    for key in keys:
        assert isinstance(node, Mapping)
        entry = node.get(key)
        assert entry is not None
        node = entry.value
    return node


@pytest.mark.parametrize(
    ("text", "keys", "place"),
    [
        ("a: bc\n", ("a",), (1, 4, 1, 6)),
        ("a: 'b c' # d\n", ("a",), (1, 4, 1, 9)),
        ("a:  &x bc\n", ("a",), (1, 8, 1, 10)),
        ("a: !reset bc\n", ("a",), (1, 11, 1, 13)),
        ("a: &x bc\nb: *x\n", ("b",), (2, 4, 2, 6)),
        ("é: {ü: x}\n", ("é", "ü"), (1, 8, 1, 9)),
        ("a:\n  - b\n  - c: d\n", ("a",), (2, 3, 4, 1)),
        ("x: &x {a: 1}\ny: {<<: *x}\n", ("y", "a"), (1, 11, 1, 12)),
        ("😀: b\n", ("😀",), (1, 4, 1, 5)),
    ],
)
def test_places_of_values(text: str, keys: tuple[str, ...], place: tuple[int, int, int, int]) -> None:
    assert at(text, *keys).place[1:] == place


def test_an_anchor_may_be_given_again_and_the_later_one_counts() -> None:
    node = at("a: &x 1\nb: &x 2\nc: *x\n", "c")
    assert isinstance(node, Scalar)
    assert node.text == "2"


def test_own_keys_win_over_merged_ones_and_earlier_merged_ones_over_later() -> None:
    text = "a: &a {k: 1, l: 1}\nb: &b {k: 2, m: 2}\nc: {<<: [*a, *b], l: 3}\n"
    node = at(text, "c")
    assert isinstance(node, Mapping)
    assert {k: e.value.text for k, e in node.entries.items() if isinstance(e.value, Scalar)} == {
        "k": "1",
        "l": "3",
        "m": "2",
    }


def test_a_byte_order_mark_moves_no_column(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_bytes("\ufeffservices: {a: {image: x}}\n".encode())
    (service,) = services(read_project([file]))
    assert service.image is not None
    assert service.image.place[1:3] == (1, 23)


def test_the_file_of_a_place_is_the_one_that_holds_it(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("services: {s: {image: x, user: '1', pid: host}}\n")
    (tmp_path / "b.yaml").write_text("services:\n  s: {user: '2'}\n")
    (service,) = services(read_project([tmp_path / "a.yaml", tmp_path / "b.yaml"]))
    assert service.file.endswith("a.yaml")
    assert service.user is not None
    assert service.pid is not None
    assert (Path(service.user.place.file).name, *service.user.place[1:3]) == ("b.yaml", 2, 13)
    assert Path(service.pid.place.file).name == "a.yaml"


def test_host_paths_are_clean_whatever_links_this_machine_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "realpath", lambda path: path)
    here = Path("/srv/app")
    assert host_paths("/var/run/docker.sock", here) == ("/run/docker.sock",)
    assert host_paths("/var/run", here) == ("/run",)
    assert host_paths("/var/running", here) == ("/var/running",)
    assert host_paths("//etc//../etc/", here) == ("/etc",)
    assert host_paths("../data", here) == ("/srv/data",)
    assert host_paths("~/x/../.ssh", here) == ("~/.ssh",)
    assert host_paths("${X}/y", here) == ()


def test_several_documents_are_one_project() -> None:
    root = compose_root("services: {a: {image: x}}\n---\nservices: {b: {image: y}}\n---\n", "f")
    entry = root.get("services")
    assert entry is not None
    assert isinstance(entry.value, Mapping)
    assert list(entry.value.entries) == ["a", "b"]
