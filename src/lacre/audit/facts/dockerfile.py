"""One stage of a Dockerfile, as checks look at it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from lacre.audit.facts.shell import Command
from lacre.audit.facts.text import Text
from lacre.audit.model import Place
from lacre.audit.read.dockerfile import Instruction

_WINDOWS_BASE = re.compile(r"(?:^|[/:-])(?:windows|nanoserver|windowsservercore)(?=$|[/:@-])")
_WINDOWS_SHELLS = frozenset({"powershell", "cmd"})


@dataclass(frozen=True, slots=True)
class Run:
    """A RUN with the commands that it runs."""

    instruction: Instruction
    commands: tuple[Command, ...]

    def place(self, command: Command) -> Place:
        """Where a command stands."""
        if command.line:  # in a here-document
            end = command.column + len(command.text.partition("\n")[0])
            return Place(self.instruction.place.file, command.line, command.column, command.line, end)
        return self.instruction.at(command.begin, command.end)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A variable that ENV or ARG sets; `value` None: an ARG that takes it from outside."""

    keyword: str
    name: str
    value: str | None
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage. `base` is what its FROM names, variables put in; `parent` the stage of this file that it is.

    `final`: a stage that is built, not only one that others take from: the last one, or those that Compose names.
    `user` is the last USER in force, inherited ones too; None: that of the base image. `whole` are the instructions
    of this stage and of the stages below it.
    """

    name: str
    number: int
    at: Place
    file: str
    base: Text
    final: bool
    parent: Stage | None = None
    instructions: tuple[Instruction, ...] = ()
    runs: tuple[Run, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    user: Text | None = None
    stages: int = 1  # stages of the file
    borrowed: tuple[Text, ...] = ()  # images that it copies from, or mounts
    syntax: Text | None = None
    contexts: tuple[str, ...] = ()  # folders that it is built with, each with the same Dockerfile
    exposed: tuple[str, ...] = ()  # names in them that look secret, and that nothing keeps out

    @property
    def whole(self) -> tuple[Instruction, ...]:
        """The instructions in force: those of the stages that this one stands on come first."""
        return (*(self.parent.whole if self.parent else ()), *self.instructions)

    @property
    def scratch(self) -> bool:
        """Whether it stands on nothing at all."""
        return self.parent.scratch if self.parent else self.base.text.lower() == "scratch"

    @property
    def windows(self) -> bool:
        """Whether it is built for Windows, by its base's name or by its shell: there is neither root nor a mode."""
        if self.parent is not None and self.parent.windows:
            return True
        shells = (i.json[0].lower() for i in self.instructions if i.keyword == "SHELL" and i.json)
        return bool(_WINDOWS_BASE.search(self.base.text.lower())) or any(
            posixpath.basename(shell.replace("\\", "/")).removesuffix(".exe") in _WINDOWS_SHELLS
            for shell in shells
        )
