"""The benchmark's numbers, each answered or left with a reason."""

from pathlib import Path

from lacre.audit import cis
from lacre.audit.registry import CHECKS

# The numbers of sections 1 to 7 as the benchmark's own table of contents has them.
CONTENTS = (Path(__file__).parent / "data/cis-docker-1.6-numbers.txt").read_text().split()


def test_the_list_of_numbers_is_the_benchmarks_own() -> None:
    assert list(cis.NUMBERS) == CONTENTS


def test_every_number_is_answered_or_left_with_a_reason_and_never_both() -> None:
    answered = {number for number, checks in cis.by_number(CHECKS).items() if checks}
    assert answered | set(cis.LEFT) == set(CONTENTS)
    assert not answered & set(cis.LEFT)


def test_a_check_stands_in_the_section_of_its_number() -> None:
    for check in CHECKS:
        for number in cis.numbers(check)[:1]:
            assert check.id[2] == number[0], check.id


def test_what_runs_is_asked_by_a_check_of_what_runs() -> None:
    for number, checks in cis.by_number(CHECKS).items():
        if checks and number[0] in "123567":
            assert any(scope.of_machine for check in checks for scope in check.scopes), number
