"""Shell text taken apart into commands, with their places."""

from __future__ import annotations

import pytest

from lacre.audit.facts.shell import commands
from lacre.audit.facts.stages import stages
from lacre.audit.read.dockerfile import parse


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a b && c || d; e & f", [["a", "b"], ["c"], ["d"], ["e"], ["f"]]),
        ("a 'b c' \"d e\" f\\ g", [["a", "b c", "d e", "f g"]]),
        ("if test -f x; then a; else b; fi", [["test", "-f", "x"], ["a"], ["b"], ["fi"]]),
        ("A=1 B=2 a", [["a"]]),
        ("sudo -u root -E a b", [["a", "b"]]),
        ("a # b && c\nd", [["a"], ["d"]]),
        ("a $(b c) d", [["a"], ["b", "c"], ["d"]]),
        ("a 2>&1 | b", [["a", "2>&1"], ["b"]]),
        ("(a; b)", [["a"], ["b"]]),
        ("a `b`", [["a"], ["b"]]),
        ("sh -c 'a && b'", [["sh", "-c", "a && b"], ["a"], ["b"]]),
        ("a 'unclosed", [["a", "unclosed"]]),
        ("", []),
    ],
)
def test_commands(text: str, words: list[list[str]]) -> None:
    assert [list(command.words) for command in commands(text)] == words


def test_what_a_pipe_feeds_is_known() -> None:
    assert [command.into for command in commands("a | sudo b | c && d")] == ["b", "c", "", ""]


def test_options_are_found_alone_and_among_others() -> None:
    (command,) = commands("curl -fsSLk --proxy=x https://a")
    assert command.has("-k")
    assert command.has("--proxy")
    assert not command.has("-x", "--prox")


def test_places_follow_continuations_and_here_documents() -> None:
    text = "FROM x\nRUN --network=none a && \\\n    # c\n    b \\\n  && c é d\nRUN <<A\n  e\n\tf\nA\n"
    (stage,) = stages(parse(text, "Dockerfile"))
    places = [(run.place(c).line, run.place(c).column, c.program) for run in stage.runs for c in run.commands]
    assert places == [(2, 20, "a"), (4, 5, "b"), (5, 6, "c"), (7, 3, "e"), (8, 2, "f")]
    assert stage.runs[0].place(stage.runs[0].commands[2])[:5] == ("Dockerfile", 5, 6, 5, 11)


def test_what_is_no_instruction_is_said_once() -> None:
    parsed = parse("FROM x\nINCLUDE a\nINCLUDE b\nUSER 1\n", "Dockerfile")
    assert [instruction.keyword for instruction in parsed.instructions] == ["FROM", "USER"]
    (note,) = parsed.notes
    assert note.startswith("line 2: INCLUDE is no instruction, nor are 1 more")
