"""Files that are broken, huge or meant to do harm: an answer in bounded time, never a crash."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.audit.facts.services import services
from lacre.audit.facts.shell import commands
from lacre.audit.facts.stages import stages
from lacre.audit.files import audit_files, audit_target
from lacre.audit.find import Target, find
from lacre.audit.hiding import Hiding
from lacre.audit.model import FileState
from lacre.audit.read import compose, tree
from lacre.audit.read.compose import compose_root, read_project
from lacre.audit.read.dockerfile import parse
from lacre.audit.read.files import MAX_BYTES, UnreadableError
from lacre.audit.read.tree import documents
from lacre.audit.read.variables import dotenv, fill
from lacre.audit.registry import CHECKS
from lacre.audit.run import of_service, of_stage
from tests.unit.audit.examples import TODAY

QUICK = 6.0  # seconds of this process; each takes under one, what is quadratic takes half a minute and more

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 40))
MERGES = "m0: &m0 {k0: 1}\n" + "".join(
    f"m{n}: &m{n} {{k{n}: 1, <<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 300)
)
SERVICE = "services: {a: {image: x, cap_add: *a39}}\n"

BROKEN = {
    "nothing": ("", "empty"),
    "only a comment": ("# x\n", "empty"),
    "a list": ("- a\n", "no mapping"),
    "a word": ("word", "no mapping"),
    "no services": ("a: 1\n", "no services"),
    "an empty services": ("services:\n", "no services"),
    "services is a list": ("services: [a]\n", "services is no mapping"),
    "half a list": ("services: [}\n", "no YAML"),
    "a tab": ("services:\n\ta: 1\n", "no YAML"),
    "a key twice": ("services:\n  a: {image: x}\n  a: {image: y}\n", "stands twice"),
    "a key twice, deep": ("services: {a: {image: x, environment: {A: 1, A: 2}}}", "stands twice"),
    "an unknown alias": ("services: {a: *b}\n", "names nothing"),
    "deep lists": ("services: {a: " + "[" * 500 + "]" * 500 + "}", "nested deeper"),
    "very deep lists": ("[" * 200_000, "no YAML"),
    "deep dashes": ("- " * 100_000, ""),
    "merging a word": ("services: {a: {<<: x, image: y}}", "merge key"),
    "a control character": ("services: {a: {image: \x01}}", "no YAML"),
    "many documents": ("--- {a: 1}\n" * 200, "documents"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_in_the_result_with_the_reason(name: str, tmp_path: Path) -> None:
    text, why = BROKEN[name]
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    began = time.process_time()
    report = audit_files(find([file]), CHECKS, Hiding(TODAY))
    assert time.process_time() - began < QUICK
    (result,) = report.files
    assert result.state is FileState.UNTESTABLE
    assert result.named
    assert why in result.why


def test_too_many_values_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "MAX_NODES", 1000)  # two hundred times as many take a second
    text = "services: {a: {image: x, command: [" + "1, " * 900 + "]}}"
    assert documents(text.replace("%900", ""), "x")
    with pytest.raises(UnreadableError, match="more than 1000 values"):
        documents("services: {a: {image: x, command: [" + "1, " * 1100 + "]}}", "x")


def test_a_duplicate_key_is_named_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError) as caught:
        compose_root("services:\n  a:\n    image: x\n    image: y\n", "c.yaml")
    assert caught.value.place is not None
    assert caught.value.place[:3] == ("c.yaml", 4, 5)


@pytest.mark.parametrize("text", [BOMB + SERVICE, MERGES + "services: {a: {image: x, <<: *m299}}\n"])
def test_a_bomb_of_aliases_costs_nothing(text: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(text)
    began = time.process_time()
    outcome = audit_target(Target("compose", (file,)), CHECKS)
    assert time.process_time() - began < QUICK
    assert outcome.files[0].state is FileState.TESTED


def test_merge_keys_that_multiply_are_stopped() -> None:
    wide = "{" + ", ".join(f"k{n}: 1" for n in range(5000)) + "}"
    text = f"a: &a {wide}\n" + "".join(f"b{n}: {{<<: [*a, *a, *a, *a]}}\n" for n in range(2000))
    began = time.process_time()
    with pytest.raises(UnreadableError, match="merge keys"):
        documents(text, "x")
    assert time.process_time() - began < QUICK


def test_a_list_that_holds_itself_is_no_loop(tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text(
        "services: &s {a: &a {image: x, volumes: &v [*v, '/run:/r'], environment: *a, build: *s}}\n"
    )
    outcome = audit_target(Target("compose", (file,)), CHECKS)
    assert any(answer.check == "LC532" and answer.findings for answer in outcome.answers)


def test_what_extends_or_includes_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(
        "include: [compose.yaml, other.yaml]\nservices:\n  a: {extends: b}\n  b: {extends: a, image: x}\n"
        "  c: {extends: {file: other.yaml, service: d}}\n"
    )
    (tmp_path / "other.yaml").write_text(
        "include: [compose.yaml]\nservices: {d: {image: x, extends: {file: compose.yaml, service: c}}}\n"
    )
    project = read_project([tmp_path / "compose.yaml"])
    assert {"a", "b", "c", "d"} <= project.services.keys()
    assert project.notes


def test_a_file_that_is_included_twice_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("include: [a.yaml, a.yaml, {path: [a.yaml, b.yaml]}]\n")
    (tmp_path / "a.yaml").write_text("include: [b.yaml]\nservices: {a: {image: x}}\n")
    (tmp_path / "b.yaml").write_text("services: {b: {image: x}}\n")
    (tmp_path / "c.yaml").write_text("services: {c: {image: x}}\n")
    project = read_project([tmp_path / "compose.yaml"])
    assert project.services.keys() == {"a", "b"}
    assert project.notes == []
    (tmp_path / "compose.yaml").write_text("include: [a.yaml, {path: [a.yaml, c.yaml]}]\n")
    project = read_project([tmp_path / "compose.yaml"])
    assert project.services.keys() == {"a", "b"}
    assert project.notes == ["line 1: c.yaml was not read: it is laid over a file that is included before"]


def test_many_large_files_are_not_all_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "MAX_TEXT", 1000)
    (tmp_path / "compose.yaml").write_text("include: [a.yaml, b.yaml]\n")
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text(f"services: {{{name}: {{image: x}}}} # {'-' * 600}\n")
    project = read_project([tmp_path / "compose.yaml"])
    assert project.services.keys() == {"a"}
    assert project.notes == [
        "line 1: b.yaml was not read: the files that it needs have more than 1000 characters"
    ]


@pytest.mark.parametrize(
    "kind",
    ["missing", "folder", "fifo", "device", "binary", "utf16", "huge", "loop", "denied", "kmsg", "socket"],
)
def test_a_file_that_cannot_be_read_says_why(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "compose.yaml"
    match kind:
        case "folder":
            file.mkdir()
            (file / "x").mkdir()
        case "fifo":
            os.mkfifo(file)
        case "device":
            file.symlink_to("/dev/zero")
        case "binary":
            file.write_bytes(b"\x7fELF\0\0")
        case "utf16":
            file.write_bytes(b"\xff\xfes\0e\0")
        case "huge":
            with file.open("wb") as out:
                out.truncate(50 << 20)
        case "loop":
            file.symlink_to(file)
        case "kmsg":
            file.symlink_to("/proc/kmsg")
        case "socket":
            monkeypatch.chdir(tmp_path)  # a socket's path is short
            with socket.socket(socket.AF_UNIX) as made:
                made.bind(file.name)
        case "denied":
            file.symlink_to("/proc/self/mem")
    began = time.process_time()
    outcome = audit_target(Target("compose", (file,), named=True), CHECKS)
    assert time.process_time() - began < QUICK
    assert outcome.files[0].state is FileState.UNTESTABLE
    assert outcome.files[0].why


def test_of_files_that_belong_together_the_one_that_is_broken_is_named(tmp_path: Path) -> None:
    good, bad = tmp_path / "compose.yaml", tmp_path / "over.yaml"
    good.write_text("services: {a: {image: x}}\n")
    bad.write_text("services: [}\n")
    first, second = audit_files(find([], [(good, bad)]), CHECKS, Hiding(TODAY)).files
    assert first.why.startswith(f"{bad}, which belongs to it, was not read: it is no YAML")
    assert first.place is None
    assert second.why.startswith("it is no YAML")
    assert second.place is not None
    assert second.place.file == str(bad)


def test_a_file_that_grows_past_the_bound_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text("FROM x\n" + "#" * MAX_BYTES)
    assert audit_target(Target("dockerfile", (file,)), CHECKS).files[0].state is FileState.UNTESTABLE


LONG = 200_000
SLOW_DOCKERFILES = {
    "backslashes": "FROM x\nRUN " + "\\ " * (LONG // 2),
    "one long line": "FROM x\nRUN " + "a" * LONG,
    "quotes": "FROM x\nENV A=" + '"\\"' * (LONG // 3),
    "quotes with a here-document": "FROM x\nRUN << " + '"\\"' * (LONG // 3),
    "single quotes": "FROM x\nRUN << " + "'\"" * (LONG // 2),
    "continued": "FROM x\nRUN a \\\n" + "# c\n" * (LONG // 4),
    "blanks": "FROM x\nRUN curl" + " " * LONG + "-k",
    "here-documents": "FROM x\nRUN " + "<<A " * (LONG // 4),
    "substitutions": "FROM x\nRUN " + "$(" * (LONG // 2),
    "braces": "ARG A=1\nFROM x:" + "${A:-" * 10_000,
    "shells in shells": "FROM x\nRUN " + "sh -c 'a' " * 10_000,
    "nested shells": "FROM x\nRUN " + 'sh -c "' * 1_000,
    "pairs": "FROM x\nENV " + "A=1 " * 25_000,
    "modes": "FROM x\nRUN chmod " + "u+rw," * 25_000 + " /x",
    "urls": "FROM x\nRUN curl " + "a:" * 50_000 + "//",
    "flags": "FROM x\nRUN " + "--a=" * 25_000,
    "words": "FROM x\nUSER " + "a " * 50_000,
    "copies": "FROM x\nCOPY " + "credentials" * 15_000 + " /x",
    "sources": "FROM x\nRUN echo [" + "trusted" * 25_000,
}


@pytest.mark.parametrize("name", SLOW_DOCKERFILES)
def test_no_dockerfile_takes_long(name: str, tmp_path: Path) -> None:
    file = tmp_path / "Dockerfile"
    file.write_text(SLOW_DOCKERFILES[name])
    began = time.process_time()
    audit_target(Target("dockerfile", (file,)), CHECKS)
    assert time.process_time() - began < QUICK


SLOW_VALUES = {
    "image": "${A:-" * 20_000,
    "user": "a:" * 50_000,
    "command": "--password " * 30_000,
    "restart": ":" * 100_000,
    "cap_add": "A" * 100_000,
    "volumes": "${" * 50_000,
    "ports": "1-" * 50_000,
    "environment": "A_PASSWORD_" * 10_000 + "=://" + "a:" * 50_000 + "@",
    "security_opt": "seccomp=" * 10_000,
    "tmpfs": "/x:" + "exec," * 50_000,
    "devices": "/dev/" + "a/" * 50_000,
}


@pytest.mark.parametrize("key", SLOW_VALUES)
def test_no_value_of_a_service_takes_long(key: str, tmp_path: Path) -> None:
    file = tmp_path / "compose.yaml"
    value = '"' + SLOW_VALUES[key] + '"'
    file.write_text("services: {a: {image: x, KEY: [VALUE]}}\n".replace("KEY", key).replace("VALUE", value))
    scalar = tmp_path / "scalar.yaml"
    scalar.write_text("services: {a: {build: ., KEY: VALUE}}\n".replace("KEY", key).replace("VALUE", value))
    began = time.process_time()
    for path in (file, scalar):
        audit_target(Target("compose", (path,)), CHECKS)
    assert time.process_time() - began < QUICK


_YAMLISH = st.lists(
    st.sampled_from(
        ["services:", "\n", "  ", "a", ":", " ", "- ", "image: x", "&a ", "*a", "<<: *a", "{", "}", "[", "]", ",", '"',
         "'", "|", ">", "#", "!reset ", "!!str ", "volumes:", "ports:", "environment:", "build: .", "extends: a",
         "---\n",
         "include: [x]", "${A:-", "$", "\t", "%", "é", "\x00", "?", "~"]
    ),
    max_size=40,
).map("".join)  # fmt: skip


@given(st.one_of(_YAMLISH, st.text(max_size=60)))
def test_any_text_is_read_as_compose_or_refused(text: str) -> None:
    try:
        root = compose_root(text, "compose.yaml")
    except UnreadableError as error:
        assert error.why
        return
    assert root.entries is not None


_KEYS = ["image", "build", "extends", "volumes", "ports", "environment", "command", "cap_add", "security_opt",
         "deploy", "logging", "healthcheck", "secrets", "tmpfs", "networks", "env_file", "ulimits", "devices",
         "volumes_from", "labels", "user", "privileged", "restart", "depends_on"]  # fmt: skip
_ANY = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from(["/:/x", "${A}", "1:2"])
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from([*_KEYS, "source", "target", "type", "file", "service"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(_KEYS), _ANY, max_size=6), st.dictionaries(st.sampled_from(_KEYS), _ANY)
)
def test_any_shape_of_a_service_gets_answers(service: object, top: object) -> None:
    import json  # noqa: PLC0415
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "compose.yaml"
        text = json.dumps(
            {"services": {"a": service, "b": service}, "volumes": top, "secrets": top, "include": top}
        )
        file.write_text(text.replace("\\ud", "\\u0"))  # half a surrogate pair is no YAML
        try:
            found = services(read_project([file]))
        except UnreadableError:
            return
        for one in found:
            assert len(list(of_service(one, CHECKS))) > 10


_DOCKERISH = st.lists(
    st.sampled_from(
        ["FROM x", "FROM x AS a", "RUN ", "COPY ", "ADD ", "ENV ", "ARG A=1", "USER ", "\n", "\\\n", " ", "EOF",
         "<<EOF",
         "'", '"', "$A", "${A", "}", "&&", "|", "curl -k", "chmod 777 x", "# c", "`", "[", '["a"]', "--x=y",
         "# escape=`\n",
         "ONBUILD ", "HEALTHCHECK ", "EXPOSE 22", "VOLUME /etc", "\r", "\t", "é", "sh -c 'a'", "$(", ")", ";", "="]
    ),
    max_size=30,
).map("".join)  # fmt: skip


@given(st.one_of(_DOCKERISH, _DOCKERISH.map(lambda text: f"FROM x\n{text}"), st.text(max_size=80)))
def test_any_text_is_read_as_dockerfile_or_refused(text: str) -> None:
    try:
        made = stages(parse(text, "Dockerfile"))
    except UnreadableError:
        return
    lines = text.split("\n")
    for stage in made:
        for answer in of_stage(stage, CHECKS):
            for found in answer.findings:
                assert found.place is not None
                assert 1 <= found.place.line <= len(lines)
                assert 1 <= found.place.column <= len(lines[found.place.line - 1]) + 2


@given(st.text(alphabet="ab \\'\"$(){}|&;<>\n#`=-", max_size=60))
def test_commands_lie_in_their_text(text: str) -> None:
    for command in commands(text):
        assert 0 <= command.begin <= command.end <= len(text)
        assert command.text == text[command.begin : command.end]


@given(st.text(alphabet="aA_${}:-+?\\x", max_size=60), st.sampled_from(["$", "\\", "`"]))
def test_variables_in_any_text_are_filled_or_left(text: str, escape: str) -> None:
    filled = fill(text, {"A": "${A}", "a": "b"}, escape=escape)
    assert isinstance(filled.text, str)
    dotenv(text)
