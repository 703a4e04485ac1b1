"""What only root prepares, and nobody is refused: `if [ "$(id -u)" = 0 ]` in an entrypoint."""

from __future__ import annotations

from dataclasses import replace

from lacre.observe import Phase
from lacre.seal.advice import ServiceAdvice
from lacre.seal.context import Context
from lacre.seal.prove import ServiceOutcome
from lacre.seal.skipped import missed, skipped
from lacre.sensor import AnyFact, RefusedBecause, WriteKind
from tests.unit.seal.invented import APP, context, opened, ran_as, refused, wrote

PREPARED = "/etc/served/password"
NOTHING = ServiceOutcome()


def prepared(*more: AnyFact, path: str = PREPARED, mounted: bool = False) -> Context:
    facts = [ran_as(0, 0), ran_as(33, 33), wrote(path, uid=0, phase=Phase.START), *more]
    mounts = ({"kind": "volume", "target": "/data", "source": "data"},) if mounted else ()
    return context(facts, lasting=[path], service={"mounts": mounts})


def test_what_root_writes_and_another_reads_takes_the_seal_back_to_root() -> None:
    base = prepared(opened(PREPARED))
    advice = ServiceAdvice(base)
    other = advice.reject(advice.draft(), NOTHING)
    assert other is not None and other.user.root
    reason = other.user.grants[0].reason
    assert PREPARED in reason and APP in reason and "33:33" in reason


def test_what_nobody_reads_is_skipped_but_not_missed() -> None:
    base = prepared()
    assert skipped(NOTHING, base) == {PREPARED}
    assert not missed(NOTHING, base)
    assert ServiceAdvice(base).reject(ServiceAdvice(base).draft(), NOTHING) is None


def test_its_writer_may_read_it_again_as_root_and_not_as_another() -> None:
    assert not missed(NOTHING, prepared(opened(PREPARED, uid=0)))
    other = replace(opened(PREPARED, uid=0), by="/usr/bin/other")
    assert missed(NOTHING, prepared(other)) == {PREPARED: "/usr/bin/other"}


def test_what_is_written_or_refused_in_the_trial_is_not_skipped() -> None:
    base = prepared(opened(PREPARED))
    assert not missed(ServiceOutcome(wrote=frozenset({PREPARED})), base)
    assert not missed(ServiceOutcome(refusals=(refused(RefusedBecause.READ_ONLY, PREPARED),)), base)
    assert not missed(ServiceOutcome(questions=(refused(RefusedBecause.READ_ONLY, PREPARED),)), base)


def test_a_file_named_after_its_container_is_the_same_in_another_one() -> None:
    path = "/etc/served/460cde0a6413.key"
    base = prepared(opened(path), path=path)
    assert missed(NOTHING, base)
    assert not missed(ServiceOutcome(wrote=frozenset({"/etc/served/5664ceeb4515.key"})), base)


def test_what_another_user_writes_too_is_not_roots_alone() -> None:
    assert not skipped(NOTHING, prepared(opened(PREPARED), wrote(PREPARED, uid=33)))


def test_a_file_on_a_mount_counts_unless_it_is_removed_again() -> None:
    path = "/data/key"
    assert missed(NOTHING, prepared(opened(path), path=path, mounted=True)) == {path: APP}
    removed = wrote(path, uid=0, kind=WriteKind.REMOVE)
    assert not missed(NOTHING, prepared(opened(path), removed, path=path, mounted=True))


def test_what_the_engine_writes_and_what_vanishes_does_not_count() -> None:
    for path in ("/etc/hosts", "/run/served.pid", "/tmp/x", "/srv/app/__pycache__/x.pyc"):
        assert not missed(NOTHING, prepared(opened(path), path=path))
