"""What an existing seal no longer stops."""

from __future__ import annotations

import pytest

from lacre.attacks import ATTACKS, ENDED, Attacked, Result, Verdict
from lacre.seal.attacking import no_longer_stopped
from tests.unit.report.samples import WEB

ATTACK, OTHER = ATTACKS[:2]
SEALS = {"web": WEB.model_copy(update={"stopped": (ATTACK.id,)})}


@pytest.mark.parametrize(
    ("result", "reason", "again"),
    [
        (Result.STOPPED, "", False),
        (Result.WORKED, "open(2)", True),
        (Result.ERROR, "it could not run", True),
        (Result.NOT_APPLICABLE, "the image has no such file any more", False),
        (Result.NOT_APPLICABLE, ENDED, True),  # nothing was tried on it, so nothing is known
    ],
)
def test_what_works_again_or_cannot_be_told_is_no_longer_stopped(
    result: Result, reason: str, again: bool
) -> None:
    verdict = Verdict(attack=ATTACK, result=result, reason=reason)
    never = Verdict(attack=OTHER, result=Result.WORKED, reason="it never was stopped")
    found = no_longer_stopped(SEALS, Attacked(verdicts={"web": (verdict, never), "unsealed": (verdict,)}))
    assert found == ({"web": (verdict,)} if again else {})
