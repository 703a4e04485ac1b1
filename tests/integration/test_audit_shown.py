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
    "LC502 container fails": "ground D: test_audit_grounds.py",
    "LC502 container passes": "ground D: test_audit_grounds.py",
    "LC523 container fails": "ground D: test_audit_grounds.py",
}
NOWHERE = {
    "LC103 host passes": "needs the kernel's audit switched on, which stays until the machine is started again",
    "LC121 host passes": "needs a machine that was started with every boot parameter asked for",
    "LC122 daemon fails": "needs packages of the engine that are no distribution's",
    "LC122 daemon passes": "needs packages of the engine that are no distribution's",
    "LC211 daemon fails": "needs devicemapper: not in this kernel, nor in Docker since 25",
    "LC211 daemon passes": "needs devicemapper: not in this kernel, nor in Docker since 25",
    "LC503 container fails": "needs SELinux",
    "LC503 container passes": "needs SELinux",
}
"""What only examples show (tests/unit/audit/test_machine_checks.py), and what it would take."""


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
    assert wanted - seen == ELSEWHERE.keys() | NOWHERE.keys()
