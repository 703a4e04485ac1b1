from __future__ import annotations

import errno
from dataclasses import replace

from lacre.observe import Failure, Phase
from lacre.seal.advice import ServiceAdvice
from lacre.seal.judge import judge
from lacre.seal.model import ServiceSeal, User
from lacre.seal.prove import Outcome
from lacre.sensor import AnyFact, RefusedBecause
from tests.unit.seal.invented import context, executed, made, ran_as, refused, run, wrote

WORKER = User(user="33:33", root=False)
ROOT = User(root=True)


def sealed(user: User) -> ServiceSeal:
    return ServiceAdvice(context([ran_as(33, 33)])).draft().model_copy(update={"user": user})


def judged(*facts: AnyFact, user: User = WORKER, baseline: tuple[AnyFact, ...] = ()) -> Outcome:
    return judge(run(facts=facts), run("baseline", baseline), {"web": sealed(user)})


def counted(outcome: Outcome) -> list[str]:
    return [refusal.what for refusal in outcome.services["web"].refusals]


def asked(outcome: Outcome) -> list[str]:
    return [refusal.what for refusal in outcome.services["web"].questions]


def test_a_refused_write_counts() -> None:
    assert counted(judged(refused(RefusedBecause.READ_ONLY, "/run/x"))) == ["/run/x"]


def test_what_the_baseline_bore_too_does_not_count_whatever_number_is_in_its_name() -> None:
    before = refused(RefusedBecause.READ_ONLY, "/sys/x.1234")
    outcome = judged(refused(RefusedBecause.READ_ONLY, "/sys/x.4567"), baseline=(before,))
    assert counted(outcome) == []
    assert asked(outcome) == []


def test_what_a_mount_refused_to_root_may_be_refused_to_the_user_by_its_owner() -> None:
    before = refused(RefusedBecause.READ_ONLY, "/etc/served/served.conf", uid=0)
    now = refused(RefusedBecause.PERMISSION, "/etc/served/served.conf", errno=13)
    assert counted(judged(now, baseline=(before,))) == []
    assert counted(judged(now)) == ["/etc/served/served.conf"]


def test_a_rare_socket_that_the_baseline_never_got_is_a_question() -> None:
    rare = refused(RefusedBecause.SYSCALL, "socket AF_CAN", errno=errno.EAFNOSUPPORT)
    assert (counted(judged(rare)), asked(judged(rare))) == ([], ["socket AF_CAN"])
    assert counted(judged(rare, baseline=(made("AF_UNIX"),))) == []
    assert counted(judged(rare, baseline=(made("AF_CAN"),))) == ["socket AF_CAN"]


def test_an_ordinary_socket_that_is_refused_counts() -> None:
    resolver = refused(RefusedBecause.SYSCALL, "socket AF_INET/udp", errno=errno.EPROTONOSUPPORT)
    assert counted(judged(resolver)) == ["socket AF_INET/udp"]


def test_a_question_does_not_count() -> None:
    outcome = judged(refused(RefusedBecause.READ_ONLY, "/run", question=True))
    assert (counted(outcome), asked(outcome)) == ([], ["/run"])


def test_a_change_of_attributes_is_a_question() -> None:
    outcome = judged(refused(RefusedBecause.READ_ONLY, "/run", syscall="fchownat"))
    assert (counted(outcome), asked(outcome)) == ([], ["/run"])


def test_byte_code_that_is_not_kept_is_a_question() -> None:
    for because in (RefusedBecause.READ_ONLY, RefusedBecause.PERMISSION):
        cache = refused(because, "/usr/lib/served/__pycache__/x.pyc")
        assert (counted(judged(cache)), asked(judged(cache))) == ([], [cache.what])


def test_a_capability_counts_for_root_only() -> None:
    refusal = refused(RefusedBecause.CAPABILITY, "SETUID", syscall="setuid", errno=1)
    assert counted(judged(refusal, user=ROOT)) == ["SETUID"]
    assert asked(judged(refusal, user=WORKER)) == ["SETUID"]


def test_becoming_somebody_else_than_the_seal_s_user_counts() -> None:
    refusal = refused(RefusedBecause.CAPABILITY, "SETUID", syscall="setresuid", errno=1)
    assert asked(judged(refusal, baseline=(ran_as(33, 33),))) == ["SETUID"]
    assert counted(judged(refusal, baseline=(ran_as(33, 33), ran_as(1000, 1000)))) == ["SETUID"]


def test_what_a_user_may_not_override_is_a_matter_of_ownership() -> None:
    refusal = refused(
        RefusedBecause.CAPABILITY, "DAC_OVERRIDE", syscall="openat", errno=13, path="/var/lib/served/x"
    )
    outcome = judged(refusal)
    assert counted(outcome) == ["/var/lib/served/x"]
    assert outcome.services["web"].refusals[0].because is RefusedBecause.PERMISSION


def test_a_refused_read_is_a_question() -> None:
    refusal = refused(RefusedBecause.PERMISSION, "/etc/shadow", errno=13, writing=False)
    assert asked(judged(refusal)) == ["/etc/shadow"]


def test_a_refused_read_counts_where_the_log_complains_of_it() -> None:
    refusal = refused(RefusedBecause.PERMISSION, "/etc/served/key", errno=13, writing=False)
    shown = run(facts=(refusal,), complaints={"web": frozenset({"/etc/served/key"})})
    outcome = judge(shown, run("baseline"), {"web": sealed(WORKER)})
    assert counted(outcome) == ["/etc/served/key"]
    elsewhere = run(facts=(refusal,), complaints={"web": frozenset({"/etc/served/other"})})
    assert counted(judge(elsewhere, run("baseline"), {"web": sealed(WORKER)})) == []


def test_a_system_call_that_falls_back_is_a_question() -> None:
    gone = refused(RefusedBecause.SYSCALL, "clone3", errno=errno.ENOSYS)
    denied = refused(RefusedBecause.SYSCALL, "fsync", errno=errno.EPERM)
    outcome = judged(gone, denied)
    assert (counted(outcome), asked(outcome)) == (["fsync"], ["clone3"])


def test_failures_name_service_and_phase() -> None:
    failures = (Failure(Phase.FIRST, "web", "no answer"), Failure(Phase.FIRST, "", "exit code 1"))
    outcome = judge(run(failures=failures), run("baseline"), {"web": sealed(WORKER)})
    assert not outcome.works
    assert (outcome.services["web"].failed, outcome.services["web"].phase) == ("no answer", "first work")
    assert outcome.failures == ("first work (web): no answer", "first work: exit code 1")


HELPER = "/usr/lib/served/helper"


def ungained(*facts: AnyFact, before: tuple[AnyFact, ...]) -> tuple[str, ...]:
    baseline = (executed(HELPER, setid=True), *before)
    return judged(*facts, baseline=baseline).services["web"].ungained


def test_what_a_set_id_program_wrote_must_be_written_again_whatever_its_name() -> None:
    before = replace(wrote("/var/spool/mail/3FA2"), by=HELPER)
    assert ungained(before=(before,)) == (f"{HELPER} writes nothing to /var/spool/mail",)
    assert ungained(replace(before, path="/var/spool/mail/77B1"), before=(before,)) == ()
    assert ungained(before=(wrote("/var/spool/other/x"),)) == ()


def test_what_takes_a_capability_no_set_id_bit_gives() -> None:
    before = replace(wrote("/var/spool/mail/3FA2"), by=HELPER)
    lacks = refused(RefusedBecause.CAPABILITY, "NET_RAW", syscall="socket", errno=1, by=HELPER)
    assert ungained(lacks, before=(before,)) == ()
    assert ungained(replace(lacks, by="/usr/bin/other"), before=(before,)) != ()


def test_what_a_set_id_program_executed_at_work_must_be_executed_again() -> None:
    shell = replace(executed("/bin/sh"), phase=Phase.FIRST, by=HELPER)
    job = replace(executed("/usr/bin/job"), phase=Phase.FIRST, by="/bin/sh")
    assert ungained(shell, before=(shell, job)) == ("/usr/bin/job is not executed",)
    assert ungained(shell, replace(job, uid=33), before=(shell, job)) == ()
    assert ungained(before=(replace(shell, phase=Phase.START),)) == ()


def test_what_somebody_else_executed_says_nothing_of_a_set_id_program() -> None:
    assert ungained(before=(replace(executed("/usr/bin/job"), phase=Phase.FIRST),)) == ()


def test_without_a_set_id_program_nothing_has_to_be_executed_again() -> None:
    job = replace(executed("/usr/bin/job"), phase=Phase.FIRST)
    assert judged(baseline=(job,)).services["web"].ungained == ()
