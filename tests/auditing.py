"""What the checks of the machine really answered in this session: each shall have failed and passed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lacre.audit import run
from lacre.audit.check import Check
from lacre.audit.model import Answer, Scope, Subject, Verdict, Word

OF_FILES = {Scope.SERVICE, Scope.STAGE}
"""Their examples are files: tests/unit/audit/examples."""


class Shown:
    """The first test that saw each verdict of a check on a real container, image, engine, host or Swarm."""

    def __init__(self) -> None:
        self.by: dict[tuple[str, Scope, Verdict], str] = {}

    @property
    def modules(self) -> set[str]:
        """The files of the tests that saw something."""
        return {test.partition("::")[0].rpartition("/")[2] for test in self.by.values()}

    @contextmanager
    def recording(self) -> Iterator[None]:
        """While it lasts, every answer is noted."""
        real = run.answer

        def noted(check: Check, subject: Subject, words: Iterable[Word]) -> Answer:
            given = real(check, subject, words)
            test = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
            self.by.setdefault((check.id, subject.scope, given.verdict), test)
            return given

        run.answer = noted
        try:
            yield
        finally:
            run.answer = real


SHOWN = Shown()
