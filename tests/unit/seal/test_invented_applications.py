"""The prove loop with its real advice, over invented applications: what they bear is a function of the draft."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from lacre.observe import Phase
from lacre.seal.advice import ServiceAdvice
from lacre.seal.context import Context, is_below
from lacre.seal.controls.filesystem import mounted
from lacre.seal.model import ServiceSeal
from lacre.seal.prove import Outcome, ServiceOutcome, prove
from lacre.sensor import Refusal, RefusedBecause, WriteKind
from tests.unit.seal.invented import context, ran_as, refused, wrote

Application = Callable[[ServiceSeal], ServiceOutcome]


def proved(base: Context, application: Application) -> ServiceSeal:
    """The draft that the loop ends with."""

    def trial(batch: Sequence[Mapping[str, ServiceSeal]], made: int) -> list[Outcome]:
        outcomes = []
        for number, drafts in enumerate(batch, made + 1):
            outcome = replace(application(drafts["web"]), run=f"trial {number}")
            outcomes.append(Outcome(not outcome.failed, {"web": outcome}, (outcome.failed,)))
        return outcomes

    proof = prove({"web": ServiceAdvice(base)}, trial)
    assert proof.drafts is not None, proof
    return proof.drafts["web"]


def fails(why: str, *refusals: Refusal) -> ServiceOutcome:
    return ServiceOutcome(failed=why, phase=Phase.FIRST, refusals=refusals)


def cannot_write(draft: ServiceSeal, path: str) -> bool:
    on_mount = any(is_below(path, mount) for mount in mounted(draft.filesystem))
    return draft.filesystem.read_only and not draft.filesystem.off and not on_mount


def read_only(path: str) -> Refusal:
    return refused(RefusedBecause.READ_ONLY, path)


OF_THE_IMAGE = {"user": "33"}  # so that no other user is tried


def test_a_root_that_was_given_up_for_a_refusal_beside_the_cause_is_read_only_in_the_end() -> None:
    """The refused write is always there and always borne; what it fails of are the limits."""
    conf = "/etc/served/served.conf"

    def application(draft: ServiceSeal) -> ServiceOutcome:
        noise = (read_only(conf),) if cannot_write(draft, conf) else ()
        return ServiceOutcome(refusals=noise) if draft.limits.off else fails("too slow", *noise)

    base = context([ran_as(33, 33), wrote(conf, kind=WriteKind.MODIFY)], service=OF_THE_IMAGE)
    draft = proved(base, application)
    assert draft.limits.off
    assert draft.filesystem.read_only and not draft.filesystem.off


def test_mounts_that_another_user_did_not_bear_are_not_held_against_root() -> None:
    def application(draft: ServiceSeal) -> ServiceOutcome:
        if not draft.user.root:
            return fails("does not answer")
        if cannot_write(draft, "/var/lib/one/x"):
            return fails("cannot write", read_only("/var/lib/one/x"))
        return ServiceOutcome()

    base = context([ran_as(0, 0), ran_as(33, 33), wrote("/var/lib/one/x", uid=0)])
    draft = proved(base, application)
    assert draft.user.root
    assert draft.filesystem.read_only and "/var/lib/one" in mounted(draft.filesystem)


def test_who_bears_no_mount_where_it_must_write_is_proved_with_its_own_root() -> None:
    one, two = "/var/lib/one/x", "/var/lib/two/x"

    def application(draft: ServiceSeal) -> ServiceOutcome:
        if "/var/lib/one" in mounted(draft.filesystem):
            return fails("one is there already")
        if cannot_write(draft, one):
            return fails("cannot write", read_only(one))
        return fails("cannot write", read_only(two)) if cannot_write(draft, two) else ServiceOutcome()

    base = context([ran_as(33, 33), wrote(one), wrote(two)], service=OF_THE_IMAGE)
    draft = proved(base, application)
    assert draft.filesystem.off
    assert "/var/lib/one" not in mounted(draft.filesystem)
    assert {"/tmp", "/var/lib/two"} <= set(mounted(draft.filesystem))
    assert not draft.limits.off and not draft.syscalls.off and not draft.privileges.off


def test_who_needs_only_the_profile_of_docker_keeps_all_the_rest() -> None:
    path = "/var/lib/one/x"

    def application(draft: ServiceSeal) -> ServiceOutcome:
        if cannot_write(draft, path):
            return fails("cannot write", read_only(path))
        return ServiceOutcome() if draft.syscalls.off else fails("a mystery")

    draft = proved(context([ran_as(33, 33), wrote(path)], service=OF_THE_IMAGE), application)
    assert draft.syscalls.off
    assert not draft.filesystem.off and "/var/lib/one" in mounted(draft.filesystem)
