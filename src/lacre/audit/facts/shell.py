"""Shell text as single commands: as much of the shell's grammar as telling commands apart needs.

Not a shell: quotes, separators, comments, `$(…)` and `sh -c '…'` are understood; expansion is not done.
Linear in the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

MAX_COMMANDS = 5_000
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh"})
_BEFORE = frozenset(
    {
        "if",
        "then",
        "else",
        "elif",
        "do",
        "while",
        "until",
        "!",
        "{",
        "time",
        "exec",
        "command",
        "env",
        "nohup",
        "eval",
    }
)
_ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*\+?=")
_SUDO_VALUE = frozenset({"-u", "-g", "-h", "-p"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command: `words` with quotes taken off, its assignments before it apart.

    `begin` and `end` are offsets in the text; in a here-document `line` and `column` are where in the file it
    begins, and offsets mean nothing. `into` is the program that its output is piped to. `sudo`: it was run by sudo.
    """

    words: tuple[str, ...]
    text: str
    begin: int
    end: int
    assigned: tuple[str, ...] = ()
    into: str = ""
    sudo: bool = False
    line: int = 0
    column: int = 0

    @property
    def program(self) -> str:
        """The program's name without its directory."""
        return self.words[0].rpartition("/")[2] if self.words else ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """The words after the program."""
        return self.words[1:]

    def has(self, *options: str) -> bool:
        """Whether one of `options` is given: `--long` (also `--long=value`), or `-k`, alone or among others."""
        for word in self.arguments:
            for option in options:
                if word == option or (option.startswith("--") and word.startswith(f"{option}=")):
                    return True
                short = len(option) == 2 and option[0] == "-" and option[1] != "-"
                if short and word[:1] == "-" and word[1:2] != "-" and option[1] in word[1:]:
                    return True
        return False


def commands(text: str, line: int = 0) -> tuple[Command, ...]:
    """The commands of a shell text, in its order; at most `MAX_COMMANDS`.

    `line`: the text is a here-document that begins on this line of its file.
    """
    return tuple(_commands(text, line))


def _commands(text: str, line: int) -> Iterator[Command]:
    found = _split(text)
    for number, (pieces, separator) in enumerate(found[:MAX_COMMANDS]):
        if not pieces:
            continue
        into = ""
        if separator in ("|", "|&") and number + 1 < len(found):
            after = _made(found[number + 1][0], text, "", 0)
            into = after.program if after else ""
        where = line + text.count("\n", 0, pieces[0][1]) if line else 0
        command = _made(pieces, text, into, where)
        if command is None:
            continue
        if line:
            command = replace(command, column=command.begin - text.rfind("\n", 0, command.begin))
        yield command
        yield from _inner(command)


_Piece = tuple[str, int, int]


def _made(pieces: list[_Piece], text: str, into: str, line: int) -> Command | None:
    at = 0
    assigned = []
    sudo = False
    while at < len(pieces):
        word = pieces[at][0]
        if _ASSIGNMENT.match(word):
            assigned.append(word)
        elif word == "sudo":
            sudo = True
            while at + 1 < len(pieces) and pieces[at + 1][0].startswith("-"):
                at += 2 if pieces[at + 1][0] in _SUDO_VALUE else 1
        elif word not in _BEFORE:
            break
        at += 1
    words = tuple(piece[0] for piece in pieces[at:])
    if not words and not assigned and not sudo:
        return None
    begin, end = pieces[0][1], pieces[-1][2]
    return Command(
        words=words,
        text=text[begin:end],
        begin=begin,
        end=end,
        assigned=tuple(assigned),
        into=into,
        sudo=sudo,
        line=line,
    )


def _inner(command: Command) -> Iterator[Command]:
    """What `sh -c '…'` runs, placed where the outer command stands."""
    if command.program in _SHELLS and command.has("-c"):
        for word in command.arguments:
            if not word.startswith(("-", "+")):
                for inner in commands(word):
                    yield replace(
                        inner,
                        begin=command.begin,
                        end=command.end,
                        line=command.line,
                        column=command.column,
                        text=command.text,
                    )
                return


def _split(text: str) -> list[tuple[list[_Piece], str]]:  # noqa: PLR0915 - one pass over a grammar
    """The words of each command with their offsets, and the separator after it."""
    found: list[tuple[list[_Piece], str]] = []
    pieces: list[_Piece] = []
    word: list[str] = []
    began = -1
    at, size = 0, len(text)

    def end_word(end: int) -> None:
        nonlocal began
        if began >= 0:
            pieces.append(("".join(word), began, end))
            word.clear()
            began = -1

    def end_command(end: int, separator: str) -> None:
        nonlocal pieces
        end_word(end)
        found.append((pieces, separator))
        pieces = []

    while at < size:
        character = text[at]
        if character == "\\" and at + 1 < size:
            began = at if began < 0 else began
            if text[at + 1] != "\n":
                word.append(text[at + 1])
            at += 2
        elif character in "'\"":
            began = at if began < 0 else began
            end = _quote(text, at, word)
            at = end
        elif character == "$" and text.startswith("$(", at) and not text.startswith("$((", at):
            end_word(at)  # what runs inside is a command of its own
            found.append((pieces, "$("))
            pieces = []
            at += 2
        elif character == "`":
            end_command(at, "`")
            at += 1
        elif character in "&|;\n()":
            if character == "&" and began >= 0 and text[at - 1] in "<>":  # 2>&1
                word.append(character)
                at += 1
                continue
            two = text[at : at + 2]
            separator = two if two in ("&&", "||", ";;", "|&") else character
            end_command(at, separator)
            at += len(separator)
        elif character in " \t\r":
            end_word(at)
            at += 1
        elif character == "#" and began < 0:
            end = text.find("\n", at)
            at = size if end < 0 else end
        else:
            began = at if began < 0 else began
            word.append(character)
            at += 1
    end_command(size, "")
    return found


def _quote(text: str, at: int, word: list[str]) -> int:
    """Put what is quoted at `at` into `word`; returns where the text goes on."""
    quote = text[at]
    at += 1
    while at < len(text) and text[at] != quote:
        if quote == '"' and text[at] == "\\" and at + 1 < len(text):
            at += 1
            if text[at] not in '"\\$`\n':
                word.append("\\")
        word.append(text[at])
        at += 1
    return at + 1
