"""What `lacre verify` says is new, where no grant is."""

from __future__ import annotations

from lacre.seal.pipeline import changed_controls
from tests.unit.report import samples


def test_a_limit_that_is_not_enough_any_more_is_named_although_it_is_no_grant() -> None:
    sealed = samples.WHOLE.services["web"]
    more = sealed.model_copy(update={"limits": sealed.limits.model_copy(update={"pids": 4096})})
    assert [grant.what for grant in changed_controls(more, sealed)] == ["limits"]
    assert changed_controls(sealed, sealed) == ()
