"""What the audit of this machine answers: `python -m tests.audited CHECK...` prints, as JSON, lists of check, kind of
subject, its name and the verdict, for where the tests themselves do not run.
"""

from __future__ import annotations

import datetime
import json
import os
import sys

from lacre.audit import collect
from lacre.audit.collect import Machine, Wanted
from lacre.audit.hiding import Hiding
from lacre.audit.kept import Kept
from lacre.audit.machine import audit_machine
from lacre.audit.registry import BY_ID
from lacre.engine.reader import reader


def looked_at(docker_host: str | None = None) -> Machine:
    """All of the machine and of the engine there; None: of the one that this process would choose."""
    with reader({**os.environ, "DOCKER_HOST": docker_host} if docker_host else None) as client:
        return collect.machine(client, Wanted(), Kept(None), trust="", say=lambda _: None)


def main() -> None:
    """Only the checks that are named."""
    checks = [BY_ID[id] for id in sys.argv[1:]]
    report = audit_machine(looked_at(), checks, Hiding(datetime.datetime.now(datetime.UTC).date()))
    answers = [
        (one.check, one.subject.scope.value, one.subject.name, one.verdict.value) for one in report.answers
    ]
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
