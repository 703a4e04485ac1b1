"""After the other tests of the audit: each check of the machine has failed and passed on something real."""

from __future__ import annotations

import pytest

from lacre.audit.model import Verdict
from lacre.audit.registry import CHECKS
from tests.auditing import OF_FILES, SHOWN

MODULES = {
    f"test_audit_{name}.py" for name in ("careless", "containers", "engines", "grounds", "machine", "pulled")
}
ELSEWHERE = {
    "LC103 host passes": "ground D: the kernel's audit stays switched on until the machine is started again",
    "LC121 host passes": "ground D, started with every boot parameter that is asked for",
    "LC122 daemon fails": "ground E, with an older runc",
    "LC122 daemon passes": "ground E: programs of no distribution",
    "LC211 daemon fails": "ground D: neither this kernel nor Docker since 25 has devicemapper",
    "LC211 daemon passes": "ground D",
    "LC502 container passes": "ground D",
    "LC503 container fails": "ground D, started with SELinux",
    "LC503 container passes": "ground D, started with SELinux",
    "LC523 container fails": "ground D",
}
"""What the long tests of test_audit_grounds.py show, in a process or a machine of their own."""


def test_each_check_of_the_machine_was_failed_and_passed_by_something_real() -> None:
    if missing := MODULES - SHOWN.modules:
        pytest.skip(f"it looks at what all tests of the audit saw; not run: {', '.join(sorted(missing))}")
    wanted = {
        f"{check.id} {scope.value} {verdict.value}"
        for check in CHECKS
        for scope in set(check.scopes) - OF_FILES
        for verdict in (Verdict.FAILS, Verdict.PASSES)
    }
    seen = {f"{check} {scope.value} {verdict.value}" for check, scope, verdict in SHOWN.by}
    assert wanted - seen == ELSEWHERE.keys()
