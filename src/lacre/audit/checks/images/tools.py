"""The image that is shipped holds no compilers and no network tools.

What the application does not need, an intruder does: a compiler to build his tools, a shell's friends to fetch and
to scan. A first stage may have them all; the last one copies only what came out of it.

Mend: Build in one stage, and copy the result into a clean one.

Example:

    FROM golang:1.23 AS build
    RUN go build -o /app ./cmd/app
    FROM gcr.io/distroless/static:nonroot
    COPY --from=build /app /app
    ENTRYPOINT ["/app"]
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.checks.running import several
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.image import Image
from lacre.audit.facts.packages import installed, removed
from lacre.audit.model import Confidence, Finding, NotApplicable, Severity, Word

TOOLS = {
    "gcc": "a compiler", "g++": "a compiler", "clang": "a compiler", "build-essential": "a compiler",
    "build-base": "a compiler", "make": "a build tool", "cmake": "a build tool", "rustc": "a compiler",
    "cargo": "a compiler", "golang": "a compiler", "golang-go": "a compiler", "go": "a compiler",
    "gdb": "a debugger", "strace": "a tracer", "ltrace": "a tracer", "nmap": "a scanner", "masscan": "a scanner",
    "netcat": "a network tool", "netcat-openbsd": "a network tool", "netcat-traditional": "a network tool",
    "nc": "a network tool", "ncat": "a network tool", "socat": "a network tool", "tcpdump": "a network tool",
    "telnet": "a network tool", "wireshark": "a network tool", "tshark": "a network tool",
    "vim": "an editor", "nano": "an editor", "emacs": "an editor",
}  # fmt: skip
"""Packages that help an intruder more than a server, by their names in Debian, Alpine and Fedora."""


def stage(stage: Stage) -> Iterator[Word]:
    if not stage.final:
        yield NotApplicable("it is not the stage that is built")
        return
    gone = {name for run in stage.runs for command in run.commands for name in removed(command)}
    for run in stage.runs:
        for command in run.commands:
            for name in installed(command):
                if (
                    name in TOOLS
                    and name not in gone
                    and "--virtual" not in command.words
                    and "-t" not in command.words
                ):
                    yield Finding(
                        what=f"{name}, {TOOLS[name]}, is installed in it",
                        place=run.place(command),
                        path="RUN",
                    )


def image(image: Image) -> Iterator[Word]:
    if image.contents is None:
        yield image.untold
        return
    for kind, paths in image.contents.tools.items():
        yield Finding(
            what=f"a {kind} is in it: {several(paths)}",
            path=kind,
            severity=Severity.MEDIUM if kind == "remote shell server" else None,
        )


CHECK = Check(
    id="LC403",
    name="tools",
    doc=__doc__,
    severity=Severity.LOW,
    confidence=Confidence.MEDIUM,
    level=2,
    cis="4.3",
    peers=("dockle:CIS-DI-0003", "dockerfile-hardener:DH003", "docker-bench:4.3"),
    stage=stage,
    image=image,
)
