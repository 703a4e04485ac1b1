"""The modes that a stage gives to files: by chmod, install, mkdir, and --chmod."""

from __future__ import annotations

from collections.abc import Iterator

from lacre.audit.facts.dockerfile import Stage
from lacre.audit.model import Place


def modes(stage: Stage) -> Iterator[tuple[str, str, Place, str]]:
    """Each mode with its first target, its place and the instruction's keyword."""
    for run in stage.runs:
        for command in run.commands:
            words = [word for word in command.arguments if not word.startswith("--")]
            if command.program == "chmod":
                rest = [
                    word for word in words if word not in ("-R", "-v", "-f", "-c", "-Rf", "-fR", "-vR", "-Rv")
                ]
                if len(rest) > 1:
                    yield rest[0], rest[1], run.place(command), "RUN"
            elif command.program in ("install", "mkdir", "mknod", "mkfifo"):
                for number, word in enumerate(words[:-1]):
                    if word in ("-m", "-Dm", "-dm", "-pm"):
                        yield words[number + 1], words[-1], run.place(command), "RUN"
                for word in command.arguments:
                    if word.startswith("--mode="):
                        yield word.partition("=")[2], words[-1] if words else "", run.place(command), "RUN"
    for instruction in stage.instructions:
        mode = instruction.flag("chmod")
        if mode:
            words = instruction.text.split()
            yield mode, words[-1] if words else "", instruction.place, instruction.keyword
