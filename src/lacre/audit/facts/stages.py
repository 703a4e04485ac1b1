"""From a parsed Dockerfile to the facts of its stages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from lacre.audit.facts.dockerfile import Assignment, Run, Stage
from lacre.audit.facts.shell import commands
from lacre.audit.facts.text import Text
from lacre.audit.model import Place
from lacre.audit.read.dockerfile import Dockerfile, Instruction
from lacre.audit.read.variables import fill

_FROM = re.compile(r"^(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_PAIR = re.compile(r"""\s*([A-Za-z_][\w.-]*)=((?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\])*)""", re.DOTALL)
_PLATFORM = {
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETARCH",
    "TARGETVARIANT",
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDARCH",
}


def stages(
    dockerfile: Dockerfile,
    contexts: tuple[str, ...] = (),
    exposed: tuple[str, ...] = (),
    targets: Collection[str] = ("",),
) -> list[Stage]:
    """The stages of a Dockerfile, in its order. `contexts` and `exposed`: see `Stage`.

    `targets` name those that are built; an empty one means the last, as does one that is not there.
    """
    escape = "`" if dockerfile.directives.get("escape") == "`" else "\\"
    made: list[Stage] = []
    named: dict[str, Stage] = {}
    outside: dict[str, str] = {}
    groups = _groups(dockerfile.instructions, outside, escape)
    syntax = dockerfile.directives.get("syntax", "")
    names = frozenset(_names(groups))
    wanted = {target.lower() if target.lower() in names else str(len(groups) - 1) for target in targets}
    for number, group in enumerate(groups):
        head = group[0]
        found = _FROM.match(head.text)
        if found is None:
            continue
        base = _text(found[1], head.at(*found.span(1)), outside, escape)
        parent = named.get(base.text.lower())
        name = found[2] or str(number)
        stage = Stage(
            name=name,
            number=number,
            at=head.place,
            file=dockerfile.file,
            base=base,
            final=not wanted.isdisjoint((name.lower(), str(number))),
            parent=parent,
            instructions=tuple(group[1:]),
            runs=tuple(_run(i) for i in group if i.keyword == "RUN"),
            assignments=tuple(_assignments(group, escape)),
            user=_user(group, parent, outside, escape),
            stages=len(groups),
            borrowed=tuple(_borrowed(group, names, outside, escape)),
            contexts=contexts,
            exposed=exposed,
            syntax=Text(syntax, Place(dockerfile.file, 1, 1, 1, 2), "syntax", syntax) if syntax else None,
        )
        made.append(stage)
        named[name.lower()] = stage
    return made


def _names(groups: list[list[Instruction]]) -> Iterator[str]:
    """The names and numbers of the stages."""
    for number, group in enumerate(groups):
        yield str(number)
        found = _FROM.match(group[0].text)
        if found and found[2]:
            yield found[2].lower()


def _borrowed(
    group: list[Instruction], names: frozenset[str], outside: dict[str, str], escape: str
) -> Iterator[Text]:
    """The images that `COPY --from` and `RUN --mount=from=` name."""
    for instruction in group:
        for flag, value in instruction.flags:
            fields = dict(field.partition("=")[::2] for field in value.split(","))
            source = value if flag == "from" else fields.get("from", "") if flag == "mount" else ""
            if source and source.lower() not in names:
                yield _text(source, instruction.place, outside, escape)


def _groups(
    instructions: tuple[Instruction, ...], outside: dict[str, str], escape: str
) -> list[list[Instruction]]:
    """The instructions by stage; the ARGs before the first FROM go into `outside`."""
    groups: list[list[Instruction]] = []
    for instruction in instructions:
        if instruction.keyword == "FROM" and not instruction.onbuild:
            groups.append([instruction])
        elif groups:
            groups[-1].append(instruction)
        elif instruction.keyword == "ARG":
            for assignment in assignments(instruction):
                if assignment.value is not None:
                    outside[assignment.name] = fill(assignment.value, outside, escape=escape).text
    return groups


def _text(raw: str, place: Place, values: dict[str, str], escape: str) -> Text:
    filled = fill(raw.strip("\"'"), values, escape=escape)
    unset = tuple(name for name in filled.unset if name not in _PLATFORM)
    return Text(filled.text, place, "", raw, unset)


def assignments(instruction: Instruction) -> Iterator[Assignment]:
    """What an ARG, ENV or LABEL sets: `K=V K2="V 2"`, or the old `K V`."""
    text = instruction.text
    at = 0
    pairs = 0
    while found := _PAIR.match(text, at):
        at = found.end()
        pairs += 1
        yield Assignment(instruction.keyword, found[1], _bare(found[2]), instruction.at(*found.span(1)))
    if pairs and instruction.keyword != "ARG":
        return
    if instruction.keyword == "ARG":
        for word in re.finditer(r"(?<!\S)[A-Za-z_]\w*(?!\S)", text):
            yield Assignment("ARG", word[0], None, instruction.at(*word.span()))
    elif match := re.match(r"\s*(\S+)\s+(.*)$", text, re.DOTALL):
        yield Assignment(instruction.keyword, match[1], match[2].strip(), instruction.at(*match.span(1)))


def _bare(text: str) -> str:
    """A value with its quotes taken off."""
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "'\"":
        return text[1:-1]
    return text


def _run(instruction: Instruction) -> Run:
    if instruction.json is not None:
        words = instruction.json
        text = instruction.text
        whole = commands(" ".join(_quoted(word) for word in words))
        return Run(instruction, tuple(replace(c, begin=0, end=len(text), line=0) for c in whole))
    made = [command for command in commands(instruction.text) if not command.program.startswith("<<")]
    for heredoc in instruction.heredocs:
        made += commands(heredoc.text, heredoc.line)
    return Run(instruction, tuple(made))


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def _assignments(group: list[Instruction], escape: str) -> Iterator[Assignment]:
    del escape  # values are judged as written: a variable in a secret's place is no secret
    for instruction in group:
        if instruction.keyword in ("ENV", "ARG"):
            yield from assignments(instruction)


def _user(
    group: list[Instruction], parent: Stage | None, outside: dict[str, str], escape: str
) -> Text | None:
    user = parent.user if parent else None
    values: dict[str, str] = {}
    for instruction in group:
        if instruction.onbuild:
            continue
        if instruction.keyword in ("ARG", "ENV"):
            for assignment in assignments(instruction):
                value = assignment.value
                if value is None:
                    value = outside.get(assignment.name)
                if value is not None:
                    values[assignment.name] = fill(value, values, escape=escape).text
        elif instruction.keyword == "USER" and instruction.text.strip():
            word = instruction.text.split()[0]
            user = _text(word, instruction.at(0, len(word)), values, escape)
    return user
