from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from syrupy.assertion import SnapshotAssertion

from lacre.errors import UsageError
from lacre.seal.file import MOST_CHARACTERS, dump, json_schema, load, read
from lacre.seal.model import (
    Capabilities,
    Completeness,
    Exercise,
    FileSystem,
    Grant,
    Ground,
    Image,
    LeftRefused,
    Limits,
    Logging,
    Margin,
    NamedVolume,
    Network,
    Privileges,
    Seal,
    ServiceSeal,
    Syscalls,
    Tmpfs,
    User,
)
from tests.unit.render.seals import FULL, NOTHING, of_project

SCHEMA = Path(__file__).parents[3] / "docs" / "schema" / "lacre.schema.json"
SCHEMA_OF_SEALS = jsonschema.Draft202012Validator(json_schema())
PLAIN = of_project(web=FULL, db=NOTHING)

# Strings that YAML readers are known to take for something else, beside any text.
words = st.one_of(
    st.sampled_from(
        ["", "null", "~", "yes", "no", "1", "0x1f", "1e3", "12:30:45", "2024-01-01", "# a", "- b", "{}"]
    ),
    st.sampled_from(
        ["a: b", "'", '"', "&a", "*a", "!a", "%a", "a\nb", "\t", " a ", "\u2028", "\ufeff", "\x85", "😀"]
    ),
    st.text(max_size=20),
)
numbers = st.integers(min_value=0, max_value=1 << 50)
names = st.frozensets(words, max_size=3)


def tuples(of: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, max_size=2).map(tuple)


grants = tuples(st.builds(Grant, what=words, reason=words, by=words, phase=words, run=words))
left = tuples(st.builds(LeftRefused, what=words, reason=words, by=words, phase=words))
evidence: dict[str, Any] = {"grants": grants, "left": left, "off": words}
tmpfs = st.builds(
    Tmpfs,
    path=words,
    size=numbers,
    mode=st.integers(min_value=0, max_value=0o7777),
    uid=numbers,
    gid=numbers,
    exec=st.booleans(),
)
shares = st.floats(min_value=0, max_value=1e6, allow_nan=False)
service_seals = st.builds(
    ServiceSeal,
    image=st.builds(Image, reference=words, layers=tuples(words), architecture=words),
    user=st.builds(
        User,
        user=st.none() | st.from_regex(r"\A[0-9]+:[0-9]+\Z"),
        group_add=tuples(words),
        root=st.booleans(),
        **evidence,
    ),
    capabilities=st.builds(Capabilities, add=names, **evidence),
    filesystem=st.builds(
        FileSystem,
        read_only=st.booleans(),
        tmpfs=tuples(tmpfs),
        volumes=tuples(st.builds(NamedVolume, path=words, name=words)),
        read_only_mounts=tuples(words),
        **evidence,
    ),
    syscalls=st.builds(
        Syscalls,
        base=st.sampled_from(["allow-list", "docker-default", "unchanged"]),
        observed=names,
        allowed=names,
        **evidence,
    ),
    privileges=st.builds(Privileges, no_new_privileges=st.booleans(), **evidence),
    limits=st.builds(
        Limits,
        memory=st.none() | numbers,
        pids=st.none() | numbers,
        cpus=st.none() | shares,
        nofile=st.none() | numbers,
        **evidence,
    ),
    logging=st.builds(
        Logging,
        driver=st.none() | words,
        options=st.dictionaries(words, words, max_size=2),
        files=tuples(words),
        **evidence,
    ),
    network=st.builds(Network, listening=tuples(words), reaches=tuples(words), **evidence),
    completeness=st.builds(Completeness, phases=tuples(words), observed_for=shares, unused_programs=numbers),
    notes=tuples(words),
)
seals = st.builds(
    Seal,
    project=words,
    margin=st.sampled_from(list(Margin)),
    exercises=tuples(st.builds(Exercise, command=words, service=words)),
    files=tuples(words),
    profiles=tuples(words),
    source=words,
    ground=st.builds(
        Ground,
        engine=words,
        kernel=words,
        cgroup=st.sampled_from([1, 2]),
        apparmor=st.booleans(),
        compose=words,
    ),
    trials=numbers,
    services=st.dictionaries(words, service_seals, max_size=2),
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(seals)
def test_what_is_written_is_read_back_equal_and_fits_the_schema(seal: Seal) -> None:
    text = dump(seal)
    assert load(text, "lacre.yaml") == seal
    assert dump(load(text, "lacre.yaml")) == text
    SCHEMA_OF_SEALS.validate(YAML(typ="safe").load(text))


def test_the_text_of_a_seal(snapshot: SnapshotAssertion) -> None:
    assert dump(PLAIN) == snapshot


def test_the_published_schema_is_the_models() -> None:
    told = "write it again: python -m lacre.seal.file > docs/schema/lacre.schema.json"
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == json_schema(), told


TEXT = dump(PLAIN)


@pytest.mark.parametrize(
    ("old", "new", "line_of", "words"),
    [
        ("services:\n", "servcies:\n", "servcies:", "servcies is not a key of a seal"),
        ("version: 1\n", "version: 2\n", "version: 2", "version 2, and this lacre reads 1"),
        ("version: 1\n", "version: one\n", "version: one", "version 'one'"),
        ("size: 64M", "size: lots", "size: lots", "tmpfs.0.size: 'lots' is no size"),
        ("size: 64M", "size: 64MB", "size: 64MB", "is no size"),
        ('mode: "1777"', "mode: 1777", "mode: 1777", "tmpfs.0.mode: '1777' is no mode"),
        ('mode: "1777"', 'mode: "rwx"', 'mode: "rwx"', "'rwx' is no mode"),
        ("pids: 64", "pids: many", "pids: many", "web.limits.pids: input should be a valid integer"),
        ('user: "33:33"', "user: 33", "user: 33", "web.user.user: input should be a valid string"),
        ("read_only: true", "read_only: maybe", "read_only: maybe", "web.filesystem.read_only"),
        ("apparmor: false", "apparmour: false", "apparmour: false", "ground.apparmour is not a key"),
        ("project: shop\n", "", "version: 1", "project is missing"),
        ("project: shop\n", "project: shop\nproject: shop\n", "project: shop\nproject", "stands there twice"),
        ("project: shop", "project: &a shop", "project: &a", "an anchor (&a)"),
        ("project: shop", "project: !x shop", "project: !x", "a value that no seal has"),
        ("project: shop", "project: [", "project: [", ""),
        ("pids: 64", "pids: 9999999999999999999999", "pids: 99", "a value that no seal has"),
        ("pids: 64", "pids: .inf", "pids: .inf", "a value that no seal has"),
    ],
)
def test_an_error_names_line_and_key(old: str, new: str, line_of: str, words: str) -> None:
    assert old in TEXT
    text = TEXT.replace(old, new, 1)
    line = text[: text.index(line_of)].count("\n") + 1
    with pytest.raises(UsageError) as caught:
        load(text, "some/lacre.yaml")
    message = str(caught.value)
    assert "some/lacre.yaml" in message
    assert words in message
    if words:
        assert f"line {line + ('twice' in words)}:" in message
    else:
        assert "line " in message
    assert caught.value.next_step


def test_a_newer_version_says_to_install_a_newer_lacre() -> None:
    with pytest.raises(UsageError) as caught:
        load(TEXT.replace("version: 1", "version: 2"), "x")
    assert caught.value.next_step == "install a newer lacre"


BOMB = (
    "version: 1\n"
    + "a0: &a0 [x, x]\n"
    + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
)


HOSTILE = [
    "", "#", "[1]", "1", "version: 1", "\0", "a: b: c", "? [a]\n: 1", "[" * 500, "- " * 50_000,
    "{a: " * 60, BOMB,
    "version: 1\n---\nversion: 1\n", "<<: 1\nversion: 1", "version: 1\nproject: \x07",
    "x" * (MOST_CHARACTERS + 1),
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        load(text, "x")


def test_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    path = tmp_path / "lacre.yaml"
    path.write_text(TEXT, encoding="utf-8")
    assert read(path) == PLAIN
    path.write_bytes(b"version: \xff")
    for bad in (path, tmp_path, tmp_path / "none"):
        with pytest.raises(UsageError):
            read(bad)
