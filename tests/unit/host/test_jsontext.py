"""daemon.json edited as text: the data is right, and nothing that was there moves."""

from __future__ import annotations

import json
import string
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lacre.host import jsontext

PATH = ["log-opts", "max-size"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "icc": false\n}\n'),
        ("{}", '{\n  "icc": false\n}'),
        ('{"a": 1}', '{"a": 1, "icc": false}'),
        ('{"icc":true,"a":1}\n', '{"icc":false,"a":1}\n'),
        ('{\n\t"a": [1,\n2]\n}\n', '{\n\t"a": [1,\n2],\n\t"icc": false\n}\n'),
        ('{\r\n    "a": {}\r\n}', '{\r\n    "a": {},\r\n    "icc": false\r\n}'),
        ('\ufeff{\n  "a": 1   \n}', '\ufeff{\n  "a": 1,\n  "icc": false   \n}'),
    ],
)
def test_a_member_is_added_in_the_style_of_the_file(before: str, after: str) -> None:
    assert jsontext.put(before, ["icc"], "false") == after


def test_a_member_of_an_object_that_is_not_there_brings_it() -> None:
    assert jsontext.put('{\n    "a": 1\n}\n', PATH, '"10m"') == (
        '{\n    "a": 1,\n    "log-opts": {\n      "max-size": "10m"\n    }\n}\n'
    )


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ('{\n  "a": 1,\n}', "line 3, column 1"),
        ('{"a" 1}', "line 1, column 6"),
        ('{"a": 01}', "line 1, column 8"),
        ('{"a": NaN}', "line 1, column 7"),
        ("{'a': 1}", "line 1, column 2"),
        ('{"a": "\t"}', "line 1, column 7"),
        ('{"a": 1} {', "line 1, column 10"),
        ('{"a":', "line 1, column 6"),
        ('// no\n{"a": 1}', "line 1, column 1"),
        ("[" * 100, "line 1, column 66"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(text: str, where: str) -> None:
    with pytest.raises(jsontext.BrokenJsonError, match=where):
        jsontext.parse(text)


def test_a_value_that_should_be_an_object_is_told() -> None:
    with pytest.raises(jsontext.BrokenJsonError, match="line 1, column 14: this must be an object"):
        jsontext.put('{"log-opts": 5}', PATH, '"10m"')


def test_the_line_of_a_member_is_that_of_its_name() -> None:
    text = '{\n "a": 1,\n "log-opts":\n {\n  "max-size": "1"}}'
    assert jsontext.line_of(text, jsontext.parse(text), PATH) == 5


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = st.text(string.ascii_lowercase + "-", min_size=1, max_size=6)
documents = st.dictionaries(names | st.text(max_size=4), values, max_size=5)
styles = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 1, 2, 4, "\t"]),
        "ensure_ascii": st.booleans(),
        "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : ")]),
    }
)


def text_of(document: dict[str, Any], style: dict[str, Any]) -> str:
    return json.dumps(document, **style)


@given(document=documents, style=styles)
def test_a_document_is_read_as_json_reads_it(document: dict[str, Any], style: dict[str, Any]) -> None:
    text = text_of(document, style)
    assert jsontext.parse(text).value == json.loads(text)


@given(document=documents, style=styles, path=st.lists(names, min_size=1, max_size=3), value=values)
@example(document={"a": None}, style={}, path=["a", "a"], value=1)
@example(document={"a": 1}, style={}, path=["a", "a"], value=1)
def test_what_is_put_is_there_and_all_else_is_as_before(
    document: dict[str, Any], style: dict[str, Any], path: list[str], value: Any
) -> None:
    text = text_of(document, style)
    expected = json.loads(text)
    inner = expected
    replaced = len("{}")
    for name in path[:-1]:
        if inner.get(name) is None:  # null stands for an empty object, as dockerd takes it
            replaced = len("null") if name in inner else replaced
            inner[name] = {}
        inner = inner[name]
        if not isinstance(inner, dict):
            with pytest.raises(jsontext.BrokenJsonError):
                jsontext.put(text, path, json.dumps(value))
            return
    inner[path[-1]] = json.loads(json.dumps(value))
    new = jsontext.put(text, path, json.dumps(value))
    assert json.loads(new) == expected
    # one piece was replaced or put in; what is before it and behind it is the text that was there
    start = next(
        (n for n, (a, b) in enumerate(zip(text, new, strict=False)) if a != b), min(len(text), len(new))
    )
    behind = next(
        (
            n
            for n, (a, b) in enumerate(zip(reversed(text[start:]), reversed(new[start:]), strict=False))
            if a != b
        ),
        min(len(text), len(new)) - start,
    )
    gone = text[start : len(text) - behind]
    node = jsontext.find(jsontext.parse(text), path)
    assert len(gone) <= (node.end - node.start if node else replaced), (text, new)


@given(text=st.text(alphabet='{}[]",:\\ \n01truefalsn-.eE', max_size=40))
def test_hostile_text_is_read_or_refused_like_json_does(text: str) -> None:
    try:
        expected = json.loads(text) if text.strip(" \t\r\n") else {}
        if text.strip(" \t\r\n") and any(word in text for word in ("NaN", "Infinity")):
            return
    except ValueError:
        with pytest.raises(jsontext.BrokenJsonError):
            jsontext.parse(text)
    else:
        assert jsontext.parse(text).value == expected
