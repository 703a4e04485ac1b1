from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacre.observe import Mounted, Owner, Phase
from lacre.seal.advice import ServiceAdvice
from lacre.seal.context import Context
from lacre.seal.model import Capabilities, Privileges, ServiceSeal, User
from lacre.seal.mounts import idle, unwritable
from lacre.seal.prove import ServiceOutcome
from lacre.seal.stated import stated
from lacre.sensor import AnyFact, CapabilityAsked, RefusedBecause
from tests.unit.seal.invented import APP, context, ran_as, refused, wrote

WORKER = User(user="33:33", root=False)
ROOT = User(root=True)
ROOTS = Owner(0, 0, 0o755)


def mounting(
    *facts: AnyFact,
    itself: Owner = ROOTS,
    below: frozenset[Owner] = frozenset({Owner(0, 0, 0o644)}),
    whole: bool = True,
    **more: Any,
) -> Context:
    """A service with one bind mount at /data."""
    mount = {"kind": "bind", "target": "/data", "source": "/host", **more}
    base = context([ran_as(33, 33), *facts], service={"mounts": (mount,)}, owners={"/data": itself})
    found = {"/data": Mounted(frozenset({itself}), below, whole)}
    return replace(base, profile=replace(base.profile, mounted=found))


def shut(base: Context, user: User = WORKER, *, add: frozenset[str] = frozenset()) -> bool:
    return unwritable(base, user, Capabilities(add=add), Privileges()) == {"/data"}


def test_a_mount_that_nobody_wrote_and_nobody_could_is_shut() -> None:
    assert shut(mounting())


def test_a_mount_that_was_written_is_not_idle() -> None:
    assert idle(mounting(wrote("/data/x"))) == []
    assert idle(mounting()) == ["/data"]


def test_a_mount_that_is_read_only_already_is_not_shut_again() -> None:
    assert not shut(mounting(read_only=True))


@pytest.mark.parametrize(
    "owner",
    [Owner(33, 0, 0o555), Owner(0, 33, 0o775), Owner(0, 0, 0o757), Owner(0, 0, 0o1777)],
)
def test_a_mount_that_the_service_could_write_stays_open(owner: Owner) -> None:
    assert not shut(mounting(itself=owner))
    assert not shut(mounting(below=frozenset({owner})))


def test_a_group_that_is_added_could_write() -> None:
    base = mounting(itself=Owner(0, 50, 0o775))
    assert shut(base)
    assert not shut(base, WORKER.model_copy(update={"group_add": ("50",)}))


def test_root_could_write_what_is_its_own_or_what_a_capability_opens() -> None:
    assert not shut(mounting(), User(root=True))
    others = mounting(ran_as(0, 0), itself=Owner(1000, 1000, 0o755), below=frozenset())
    assert shut(others, ROOT)
    assert not shut(others, ROOT, add=frozenset({"DAC_OVERRIDE"}))
    assert not shut(others, ROOT, add=frozenset({"SETUID"}))


def test_what_is_not_known_stays_open() -> None:
    assert not shut(mounting(whole=False))
    base = mounting()
    assert not shut(replace(base, profile=replace(base.profile, mounted={})))
    assert not shut(replace(base, volume_owners={}))
    assert not shut(mounting(), User(user=None, root=False, group_add=("audio",)))


def test_a_set_id_program_could_write_whatever_its_owner_may() -> None:
    off = Privileges(no_new_privileges=False, off="sudo")
    assert unwritable(mounting(), WORKER, Capabilities(), off) == frozenset()


def test_a_volume_that_somebody_else_filled_stays_open() -> None:
    base = mounting(kind="volume", source="shared")
    assert shut(base)
    assert not shut(replace(base, external_volumes=frozenset({"shared"})))


def test_a_mount_with_another_below_it_stays_open() -> None:
    base = mounting()
    mounts = (
        *base.service.mounts,
        base.service.mounts[0].model_copy(update={"target": "/data/deep", "source": "/other"}),
    )
    assert not shut(replace(base, service=base.service.model_copy(update={"mounts": mounts})))


# ---- in the draft of a service


def draft(base: Context) -> ServiceSeal:
    return ServiceAdvice(base).draft()


def test_the_draft_shuts_it_and_says_why() -> None:
    sealed = draft(mounting()).filesystem
    assert sealed.read_only_mounts == ("/data",)
    assert [g.reason for g in sealed.grants if g.what == "/data"] == [
        "read-only: never written, and nobody in the service could"
    ]


def test_a_refused_write_opens_it_again() -> None:
    advice = ServiceAdvice(mounting())
    outcome = ServiceOutcome(refusals=(refused(RefusedBecause.READ_ONLY, "/data/late"),))
    mended = advice.mend(advice.draft(), outcome)
    assert mended.filesystem.read_only_mounts == ()
    assert [g.reason for g in mended.filesystem.grants if g.what == "/data"] == ["writes /data/late"]
    assert not [item for item in advice.removable(mended, outcome) if item.startswith("mount")]


def test_a_refused_write_elsewhere_opens_nothing() -> None:
    advice = ServiceAdvice(mounting())
    outcome = ServiceOutcome(refusals=(refused(RefusedBecause.READ_ONLY, "/database"),))
    assert advice.mend(advice.draft(), outcome).filesystem.read_only_mounts == ("/data",)


def test_a_question_opens_it_where_a_phase_failed_and_is_asked_again_at_the_end() -> None:
    advice = ServiceAdvice(mounting())
    asked = refused(RefusedBecause.READ_ONLY, "/data", question=True)
    outcome = ServiceOutcome(failed="no answer", phase=Phase.FIRST, questions=(asked,))
    answered = advice.answer(advice.draft(), outcome)
    assert answered.filesystem.read_only_mounts == ()
    assert "mount /data" in advice.removable(answered, outcome)
    again = advice.without(answered, frozenset({"mount /data"}))
    assert again.filesystem.read_only_mounts == ("/data",)
    assert len([g for g in again.filesystem.grants if g.what == "/data"]) == 1


def test_it_is_given_up_where_nothing_tells_why_a_phase_failed() -> None:
    advice = ServiceAdvice(mounting())
    looser = advice.loosen(advice.draft(), ServiceOutcome(failed="no answer", phase=Phase.FIRST))
    assert looser is not None
    assert looser[1].filesystem.read_only_mounts == ()


def test_a_capability_that_opens_it_opens_it() -> None:
    base = mounting(ran_as(0, 0), itself=Owner(1000, 1000, 0o755), below=frozenset())
    advice = ServiceAdvice(base)
    sealed = advice._draft_for(ROOT)
    assert sealed.filesystem.read_only_mounts == ("/data",)
    refusal = refused(
        RefusedBecause.CAPABILITY, "DAC_OVERRIDE", uid=0, errno=13, syscall="openat", path="/etc/served/x"
    )
    mended = advice.mend(sealed, ServiceOutcome(refusals=(refusal,)))
    assert mended.capabilities.add == {"DAC_OVERRIDE"}
    assert mended.filesystem.read_only_mounts == ()
    needed = CapabilityAsked(
        container="c", phase=Phase.FIRST, by=APP, uid=0, name="CHOWN", granted=True, hint=None
    )
    other = mounting(ran_as(0, 0), needed, itself=Owner(1000, 1000, 0o755), below=frozenset())
    assert ServiceAdvice(other)._draft_for(ROOT).filesystem.read_only_mounts == ()


def test_nobody_has_to_own_what_he_never_writes() -> None:
    def loud(base: Context) -> bool:
        return any("chown" in note for note in stated(draft(base), ServiceOutcome(), base).notes)

    assert loud(mounting(wrote("/data/x"), itself=Owner(33, 33, 0o755)))
    assert not loud(mounting(itself=Owner(33, 33, 0o755)))
    assert not loud(mounting())


def test_only_what_stays_open_is_proposed_in_the_report() -> None:
    proposed = "never written, could be mounted read-only: /data"
    closed = mounting()
    assert proposed not in stated(draft(closed), ServiceOutcome(), closed).notes
    still_open = mounting(itself=Owner(33, 33, 0o755))
    assert proposed in stated(draft(still_open), ServiceOutcome(), still_open).notes


def test_the_mount_of_another_service_is_not_this_ones_to_shut() -> None:
    assert idle(mounting()) == ["/data"]
    assert idle(mounting(inherited=True)) == []
