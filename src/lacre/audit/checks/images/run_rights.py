"""No step of the build has rights of the host.

`RUN --security=insecure` runs a step without any wall around it, `--network=host` in the host's network: what it
fetches and runs can then reach the host.

Mend: Take the flag away; do what needs it outside of the build.

Example:

    FROM debian:12.8
    RUN --network=none make test
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.model import Finding, Severity, Word


def stage(stage: Stage) -> Iterator[Word]:
    for instruction in stage.instructions:
        for name, value in instruction.flags:
            if instruction.keyword == "RUN" and (name, value) in (
                ("security", "insecure"),
                ("network", "host"),
            ):
                yield Finding(what=f"a step runs with --{name}={value}", place=instruction.place, path="RUN")


CHECK = Check(
    id="LC429",
    name="run-rights",
    doc=__doc__,
    severity=Severity.HIGH,
    stage=stage,
)
