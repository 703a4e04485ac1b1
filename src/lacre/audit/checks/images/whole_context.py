"""No secret comes in with a whole folder.

`COPY . /app` brings everything that lies beside the Dockerfile: `.env`, `.git` with all that was ever committed, keys.
It stays in a layer, whatever a later line removes.

Mend: Name what is needed, or keep the rest out with a `.dockerignore`; best one that keeps everything out, and lets
back in what is named.

Example:

    FROM debian:12.8
    COPY src/ /app/src/
    COPY package.json /app/
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.model import Confidence, Finding, NotApplicable, Severity, Word

_WHOLE = frozenset({".", "./", "/", "*", "./*"})
_NAMED = 3


def stage(stage: Stage) -> Iterator[Word]:
    if not stage.final:
        yield NotApplicable("what a stage that is not the last one holds is not shipped")
        return
    for instruction in stage.whole:
        if instruction.keyword not in ("COPY", "ADD") or instruction.flag("from") is not None:
            continue
        words = instruction.json or tuple(instruction.text.split())
        if stage.exposed and _WHOLE.intersection(words[:-1]):
            names = ", ".join(stage.exposed[:_NAMED])
            more = f" and {len(stage.exposed) - _NAMED} more" if len(stage.exposed) > _NAMED else ""
            yield Finding(
                what=f"{instruction.keyword} {words[0]} brings in {names}{more}",
                place=instruction.place,
                path=instruction.keyword,
            )


CHECK = Check(
    id="LC430",
    name="whole-context",
    doc=__doc__,
    severity=Severity.HIGH,
    confidence=Confidence.MEDIUM,
    cis="4.10",
    stage=stage,
)
