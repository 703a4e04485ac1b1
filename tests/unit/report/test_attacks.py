import json

import pytest
from syrupy.assertion import SnapshotAssertion

from lacre.attacks.model import Attacked, Comparison
from lacre.report import attack_view as view
from lacre.report import attacks, jsonout
from lacre.report.text import Look
from tests.unit.report import attack_samples as samples

WIDTHS = pytest.mark.parametrize("width", [80, 100])


@WIDTHS
def test_the_report_of_attacks_before_and_after(snapshot: SnapshotAssertion, width: int) -> None:
    text = attacks.render(samples.COMPARISON, Look(width=width))
    assert text == snapshot
    assert all(len(line) <= width and line == line.rstrip() for line in text.splitlines())


def test_the_report_of_attacks_on_one_twin_alone_names_what_was_not_applicable(
    snapshot: SnapshotAssertion,
) -> None:
    assert attacks.render(samples.BEFORE, Look(), verbose=True) == snapshot


@WIDTHS
def test_the_part_of_seal_about_attacks(snapshot: SnapshotAssertion, width: int) -> None:
    assert attacks.brief(samples.COMPARISON, Look(width=width)) == snapshot


def test_a_service_in_one_line() -> None:
    assert attacks.summary(samples.COMPARISON) == {
        "web": "before 4/11 stopped · after 11/11 stopped",
        "db": "before 1/10 stopped · after 4/9 stopped · 3 errors",
    }
    assert attacks.summary(samples.AFTER)["web"] == "now 11/11 stopped"


def test_every_attack_of_a_service_is_in_exactly_one_place() -> None:
    for matrix in view.matrices(samples.COMPARISON):
        designed = [row for row in matrix.rows if row.attack.by_design]
        folded = [row for row in matrix.not_applicable if row not in matrix.told]
        assert sorted(map(id, (*matrix.told, *folded, *designed))) == sorted(map(id, matrix.rows))
        assert set(map(id, matrix.told)) == {id(row) for members in matrix.groups.values() for row in members}


def test_what_works_under_the_seal_alone_is_said() -> None:
    lost = [row.attack.id for matrix in view.matrices(samples.COMPARISON) for row in matrix.rows if row.lost]
    assert lost == ["bpf"]
    assert "Load a BPF program (stopped before!)" in attacks.render(samples.COMPARISON, Look())


def test_an_attack_or_a_service_of_one_side_alone_is_not_called_stopped() -> None:
    web = samples.BEFORE.verdicts["web"]
    comparison = Comparison(
        before=Attacked(verdicts={"web": web}), after=Attacked(verdicts={"web": web[:1], "db": ()})
    )
    db, matrix = view.matrices(comparison)
    assert view.summary(db) == "before 0/0 stopped · after 0/0 stopped"
    assert view.summary(matrix) == "before 4/11 stopped · after 0/1 stopped"
    assert "not tried" in attacks.render(comparison, Look())
    assert not any(row.works or row.lost for row in matrix.rows[1:])


def test_somebody_who_did_not_answer_is_a_warning_even_in_brief() -> None:
    for text in (
        attacks.render(samples.hostile(), Look()),
        attacks.brief(samples.hostile(), Look(color=True)),
    ):
        assert "2 questions stayed without an answer in time" in text
        assert "warning:" in text
    assert "answered" not in attacks.brief(samples.COMPARISON, Look())


def test_no_hostile_string_of_an_attack_reaches_the_terminal() -> None:
    for tried in (samples.hostile(), samples.hostile().after):
        for verbose in (True, False):
            text = attacks.render(tried, Look(), verbose=verbose)
            assert not set(text) & {"\x1b", "\u202e", "\udcff"}
        assert not set(attacks.brief(tried, Look())) & {"\x1b", "\u202e", "\udcff"}


def test_the_report_of_attacks_as_json(snapshot: SnapshotAssertion) -> None:
    text = jsonout.attacks(samples.COMPARISON)
    text.encode("ascii")
    said = json.loads(text)
    assert list(said["sides"]) == ["before", "after"]
    assert said["sides"]["after"]["services"]["web"]["tally"] == {
        "stopped": 11,
        "worked": 0,
        "by_design": 2,
        "not_applicable": 1,
        "errors": 0,
    }
    assert said == snapshot
    assert list(json.loads(jsonout.attacks(samples.AFTER))["sides"]) == ["now"]
