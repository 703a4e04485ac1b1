r"""Files come in with COPY, or with ADD and a checksum.

ADD fetches from the network without looking at what comes, and unpacks archives by itself, links and all. Whoever
changes what is at the address changes the image.

Mend: COPY for local files. `ADD --checksum=sha256:…` for what is fetched; a commit for a repository.

Example:

    FROM debian:12.8
    ADD --checksum=sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
        https://example.org/app.tar.gz /opt/
    COPY app.conf /etc/app.conf
"""

import posixpath
import re
from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.model import Edit, Finding, Mend, Severity, Word
from lacre.audit.read.dockerfile import Instruction

_REMOTE = re.compile(r"^(?:https?|ftp)://", re.IGNORECASE)
_GIT = re.compile(r"^(?:git@|git://|ssh://)|\.git(?:#|$)", re.IGNORECASE)
_COMMIT = re.compile(r"#[0-9a-f]{40}(?::|$)")
_ARCHIVE = re.compile(r"\.(?:tar|tgz|tbz2?|txz|tar\.\w+|gz|bz2|xz)$", re.IGNORECASE)


def stage(stage: Stage) -> Iterator[Word]:
    for instruction in stage.instructions:
        if instruction.keyword != "ADD":
            continue
        words = list(instruction.json or instruction.text.split())
        for source in words[:-1]:
            if _GIT.search(source):
                if not _COMMIT.search(source):
                    yield Finding(
                        what=f"ADD fetches {source}, whatever it is by then",
                        place=instruction.place,
                        path="ADD",
                    )
            elif _REMOTE.match(source):
                if instruction.flag("checksum") is None:
                    yield Finding(
                        what=f"ADD fetches {_masked(source)} without a checksum",
                        place=instruction.place,
                        path="ADD",
                    )
            elif not _ARCHIVE.search(source) and not source.startswith("<<"):
                yield Finding(
                    what=f"ADD is used for {source}, where COPY does",
                    place=instruction.place,
                    path="ADD",
                    severity=Severity.LOW,
                    mend=Mend.SAFE,
                    do="write COPY instead",
                    edit=_edit(instruction, words[:-1], stage.contexts),
                )


def _edit(instruction: Instruction, sources: list[str], contexts: tuple[str, ...]) -> Edit | None:
    """COPY for ADD, where each source can be looked at before: ADD unpacks archives, whatever their names."""
    plain = not any(
        set(source) & set("$*?[<") or _REMOTE.match(source) or _GIT.search(source) for source in sources
    )
    known = {"chown", "chmod", "link", "exclude", "parents"}
    if (
        not plain
        or not contexts
        or instruction.onbuild
        or not all(name in known for name, _ in instruction.flags)
    ):
        return None
    place = instruction.place
    paths = tuple(posixpath.join(context, source.lstrip("/")) for context in contexts for source in sources)
    return Edit(place._replace(end_line=place.line, end_column=place.column + 3), "COPY", paths)


def _masked(url: str) -> str:
    return re.sub(r"://[^/@\s]*@", "://…@", url)


CHECK = Check(
    id="LC409",
    name="add",
    doc=__doc__,
    severity=Severity.MEDIUM,
    cis="4.9",
    peers=(
        "trivy:05",
        "dockle:CIS-DI-0009",
        "checkov:CKV_DOCKER_4",
        "dockerfile-hardener:DH007",
        "docker-bench:4.9",
    ),
    stage=stage,
)
