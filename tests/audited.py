"""What the audit of this machine answers: `python -m tests.audited CHECK...` prints, as JSON, lists of check, kind of
subject, its name and the verdict, for where the tests themselves do not run.
"""

from __future__ import annotations

import datetime
import json
import sys

from lacre.audit import collect
from lacre.audit.collect import Wanted
from lacre.audit.hiding import Hiding
from lacre.audit.kept import Kept
from lacre.audit.machine import audit_machine
from lacre.audit.registry import BY_ID
from lacre.engine.reader import reader


def main() -> None:
    """Only the checks that are named."""
    checks = [BY_ID[id] for id in sys.argv[1:]]
    with reader() as client:
        machine = collect.machine(client, Wanted(), Kept(None), trust="", say=lambda _: None)
    report = audit_machine(machine, checks, Hiding(datetime.datetime.now(datetime.UTC).date()))
    answers = [
        (one.check, one.subject.scope.value, one.subject.name, one.verdict.value) for one in report.answers
    ]
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
