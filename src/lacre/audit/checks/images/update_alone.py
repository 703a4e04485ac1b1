"""An update of package lists is never a layer of its own.

`RUN apt-get update` alone is cached: the install in the next layer then works with lists of another day, and leaves
out the security fixes that came since, or fails.

Mend: Update and install in one RUN.

Example:

    FROM debian:12.8
    RUN apt-get update && apt-get install -y --no-install-recommends nginx && rm -rf /var/lib/apt/lists/*
"""

from collections.abc import Iterator

from lacre.audit.check import Check
from lacre.audit.facts.dockerfile import Stage
from lacre.audit.facts.packages import MANAGERS
from lacre.audit.model import Finding, Severity, Word

_UPDATES = {"apt-get": "update", "apt": "update", "aptitude": "update", "apk": "update", "zypper": "refresh"}
_THEN = frozenset(
    {"install", "add", "in", "upgrade", "dist-upgrade", "full-upgrade", "build-dep", "dist-clean"}
)


def stage(stage: Stage) -> Iterator[Word]:
    for run in stage.runs:
        managers = [command for command in run.commands if command.program in MANAGERS]
        updates = [c for c in managers if _UPDATES.get(c.program) in c.arguments]
        used = any(_THEN & set(command.arguments) for command in managers) or any(
            "install" in command.text for command in run.commands if command.program not in MANAGERS
        )
        if updates and not used:
            yield Finding(
                what=f"{updates[0].program} {_UPDATES[updates[0].program]} stands alone in its layer",
                place=run.place(updates[0]),
                path="RUN",
            )


CHECK = Check(
    id="LC407",
    name="update-alone",
    doc=__doc__,
    severity=Severity.LOW,
    cis="4.7",
    peers=("trivy:17", "dockle:CIS-DI-0007", "checkov:CKV_DOCKER_5", "docker-bench:4.7"),
    stage=stage,
)
