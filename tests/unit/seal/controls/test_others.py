"""The smaller controls: user, capabilities, limits, privileges, logging, network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lacre.observe import FailureKind, Owner, Peaks, Phase
from lacre.seal.advice import ServiceAdvice
from lacre.seal.context import Context
from lacre.seal.controls import capabilities, limits, logging, network, syscalls, user
from lacre.seal.model import Capabilities, FileSystem, Margin, Syscalls, Tmpfs, User
from lacre.seal.prove import ServiceOutcome
from lacre.sensor import (
    AnyFact,
    CapabilityAsked,
    Counters,
    Direction,
    Listening,
    Peer,
    Refusal,
    RefusedBecause,
)
from tests.unit.seal.invented import (
    APP,
    TREE,
    context,
    directory,
    executed,
    file,
    made,
    opened,
    ran_as,
    refused,
    wrote,
)

ROOT = User(root=True)
HAD = 1 << 20  # Docker's own hard limit on open files


def denied(name: str, **more: object) -> Refusal:
    return refused(RefusedBecause.CAPABILITY, name, uid=0, errno=1, syscall="chown", writing=False, **more)


def outcome(*refusals: Refusal, asked: tuple[CapabilityAsked, ...] = ()) -> ServiceOutcome:
    return ServiceOutcome(run="trial 1", refusals=refusals, asked=asked)


def asked(name: str, *, hint: bool | None = None) -> CapabilityAsked:
    return CapabilityAsked(
        container="c", phase=Phase.FIRST, by=APP, uid=0, name=name, granted=False, hint=hint
    )


# ---- user


def test_the_user_is_who_the_application_becomes() -> None:
    found = user.candidates(context([ran_as(0, 0), ran_as(33, 33), opened("/srv/app/main.py")]))
    assert [candidate.user for candidate in found] == ["33:33", None]
    assert [candidate.root for candidate in found] == [False, True]


def test_a_user_of_the_base_is_kept() -> None:
    assert user.candidates(context([ran_as(1000, 1000)], service={"user": "1000"})) == [
        User(user=None, root=False)
    ]
    assert user.candidates(context([], user="app")) == [User(user=None, root=False)]


@pytest.mark.parametrize("root", ["", "0", "root", "0:0"])
def test_root_of_the_base_is_no_user_to_keep(root: str) -> None:
    assert len(user.candidates(context([ran_as(33, 33)], user=root))) == 2


def test_root_all_along_that_writes_no_volume_may_be_anybody() -> None:
    assert [c.user for c in user.candidates(context([ran_as(0, 0)]))] == ["1000:1000", None]


def test_root_all_along_becomes_the_owner_of_what_it_writes() -> None:
    base = context(
        [ran_as(0, 0), wrote("/data/x", uid=0)],
        service={"mounts": ({"kind": "bind", "target": "/data", "source": "/host"},)},
        owners={"/data": Owner(1001, 1002, 0o755)},
    )
    assert user.candidates(base)[0].user == "1001:1002"


def test_root_all_along_becomes_the_account_that_owns_the_directories_it_writes() -> None:
    base = context([ran_as(0, 0), wrote("/var/spool/served/job", uid=0), wrote("/run/served.pid", uid=0)])
    assert [candidate.user for candidate in user.candidates(base)] == ["33:33", None]


def test_root_all_along_stays_root_where_its_volume_is_roots() -> None:
    base = context(
        [ran_as(0, 0), wrote("/data/x", uid=0)],
        service={"mounts": ({"kind": "volume", "target": "/data", "source": "data"},)},
        owners={"/data": Owner(0, 0, 0o755)},
    )
    (only,) = user.candidates(base)
    assert only.root
    assert "/data" in only.grants[0].reason and "chown" in only.grants[0].reason


def test_a_group_that_may_pass_a_closed_directory_is_added() -> None:
    worker = User(user="33:33", root=False)
    refusal = refused(RefusedBecause.PERMISSION, "/var/log/served/error.log", errno=13)
    mended = user.mend(worker, [refusal], context())
    assert mended.group_add == ("4",)
    assert user.mend(mended, [refusal], context()) == mended
    assert user.without(mended, {"group 4"}).group_add == ()


def test_root_gets_no_group() -> None:
    refusal = refused(RefusedBecause.PERMISSION, "/var/log/served/error.log", errno=13)
    assert user.mend(ROOT, [refusal], context()) == ROOT


# ---- capabilities


def test_a_counted_refusal_becomes_a_capability() -> None:
    mended = capabilities.mend(Capabilities(), outcome(denied("CHOWN")), context(), ROOT)
    assert mended.add == {"CHOWN"}
    assert [(grant.what, grant.run) for grant in mended.grants] == [("CHOWN", "trial 1")]


def test_the_narrower_of_two_capabilities_is_tried_first() -> None:
    both = outcome(denied("DAC_READ_SEARCH"), denied("DAC_OVERRIDE"))
    assert capabilities.mend(Capabilities(), both, context(), ROOT).add == {"DAC_READ_SEARCH"}
    wider = outcome(denied("DAC_OVERRIDE"))
    assert capabilities.mend(Capabilities(), wider, context(), ROOT).add == {"DAC_OVERRIDE"}
    elsewhere = outcome(
        replace(denied("DAC_READ_SEARCH"), path="/home/x"), replace(denied("DAC_OVERRIDE"), path="/data/x")
    )
    assert "DAC_OVERRIDE" in capabilities.mend(Capabilities(), elsewhere, context(), ROOT).add


def test_a_seal_never_adds_what_the_base_does_not_have() -> None:
    assert not capabilities.mend(Capabilities(), outcome(denied("SYS_ADMIN")), context(), ROOT).add
    has = context(service={"cap_add": ("SYS_ADMIN",)})
    assert capabilities.mend(Capabilities(), outcome(denied("SYS_ADMIN")), has, ROOT).add == {"SYS_ADMIN"}
    dropped = context(service={"cap_drop": ("CHOWN",)})
    assert not capabilities.mend(Capabilities(), outcome(denied("CHOWN")), dropped, ROOT).add


def test_a_user_that_is_not_root_gets_none() -> None:
    worker = User(user="33:33", root=False)
    assert not capabilities.mend(Capabilities(), outcome(denied("CHOWN")), context(), worker).add


def granted(name: str, uid: int = 0) -> CapabilityAsked:
    return replace(asked(name), granted=True, uid=uid)


def test_what_the_baseline_shows_to_be_needed_is_there_from_the_start() -> None:
    facts = [granted("SETUID"), granted("SYS_ADMIN"), granted("DAC_OVERRIDE"), granted("CHOWN", uid=33)]
    assert capabilities.propose(context(facts), ROOT).add == {"SETUID"}
    assert capabilities.propose(context(facts), User(user="33:33", root=False)).add == set()


def test_what_seccomp_refused_before_the_kernel_could_ask_is_a_capability_too() -> None:
    refusal = refused(RefusedBecause.SYSCALL, "chroot", uid=0, errno=1, syscall="chroot", writing=False)
    assert capabilities.mend(Capabilities(), outcome(refusal), context(), ROOT).add == {"SYS_CHROOT"}


def test_capabilities_as_good_as_root_are_said_to_be() -> None:
    has = context(service={"cap_add": ("SYS_ADMIN",)})
    mended = capabilities.mend(Capabilities(), outcome(denied("SYS_ADMIN")), has, ROOT)
    assert "SYS_ADMIN" in mended.trouble
    assert not capabilities.without(mended, ["SYS_ADMIN"]).trouble


def test_hints_are_no_reason_to_widen() -> None:
    questions = outcome(asked=(asked("CHOWN", hint=True), asked("KILL"), asked("SYS_ADMIN")))
    assert capabilities.widen(Capabilities(), questions, context(), ROOT).add == {"KILL"}


# ---- system calls: sockets


def no_socket(kind: str, call: str = "socket") -> Refusal:
    return refused(RefusedBecause.SYSCALL, f"{call} {kind}", errno=97, syscall=call, writing=False)


def test_sockets_that_were_made_are_granted_with_who_made_them_and_when() -> None:
    facts = [made("AF_CAN"), made("AF_CAN", Phase.START), made("AF_ALG"), made("AF_UNIX")]
    exact = syscalls.propose(context(facts, margin=Margin.EXACT), Capabilities())
    assert exact.sockets == frozenset({"AF_CAN", "AF_UNIX"})  # AF_ALG: newer engines' default refuses it
    granted = {grant.what: (grant.by, grant.phase) for grant in exact.grants if grant.by}
    assert granted == {"socket AF_CAN": (APP, "start"), "socket AF_UNIX": (APP, "first work")}
    normal = syscalls.propose(context(facts), Capabilities())
    assert normal.sockets == frozenset(
        [
            "AF_CAN",
            "AF_UNIX",
            "AF_NETLINK/route",
            "AF_INET/tcp",
            "AF_INET/udp",
            "AF_INET6/tcp",
            "AF_INET6/udp",
        ]
    )
    assert syscalls.propose(context(facts, margin=Margin.WIDE), Capabilities()).sockets is None


def test_a_refused_socket_is_mended_by_its_kind_alone() -> None:
    draft = Syscalls(allowed=frozenset({"socket"}), sockets=frozenset({"AF_UNIX"}))
    mended = syscalls.mend(draft, [no_socket("AF_CAN"), no_socket("AF_CAN")], Capabilities())
    assert mended.allowed == {"socket"}
    assert mended.sockets == frozenset({"AF_UNIX", "AF_CAN"})
    assert [(grant.what, grant.phase) for grant in mended.grants] == [("socket AF_CAN", "first work")]
    pair = syscalls.mend(draft, [no_socket("AF_TIPC", "socketpair")], Capabilities())
    assert "socketpair" in pair.allowed
    assert pair.sockets == frozenset({"AF_UNIX", "AF_TIPC"})


def test_a_socket_that_dockers_default_refuses_stays_refused_with_its_name() -> None:
    draft = Syscalls(allowed=frozenset({"socket"}), sockets=frozenset({"AF_UNIX"}))
    mended = syscalls.mend(draft, [no_socket("AF_VSOCK")], Capabilities())
    assert mended.sockets == draft.sockets
    assert [left.what for left in mended.left] == ["socket AF_VSOCK"]
    assert "Docker's default" in mended.left[0].reason
    wide = Syscalls(allowed=frozenset({"socket"}))
    assert syscalls.mend(wide, [no_socket("AF_CAN")], Capabilities()) == wide


# ---- limits


def test_limits_have_floors() -> None:
    found = limits.propose(
        context(peaks=Peaks(memory=1, tasks=1, descriptors=3, descriptor_limit=HAD)), FileSystem()
    )
    assert found.memory == 320 * limits.MIB  # 256 and /dev/shm
    assert (found.pids, found.cpus, found.nofile) == (64, 1.0, 65536)


def test_limits_follow_the_peaks_and_cover_the_tmpfs() -> None:
    mounts = FileSystem(tmpfs=(Tmpfs(path="/tmp", size=256 * limits.MIB),))
    seen = Peaks(memory=512 * limits.MIB, tasks=40, descriptors=30_000, descriptor_limit=HAD)
    found = limits.propose(context(peaks=seen), mounts)
    assert found.memory == (4 * 512 + 256 + 64) * limits.MIB
    assert (found.pids, found.nofile) == (160, 120_832)


def test_work_that_makes_processes_gets_room_for_many() -> None:
    forked = Counters(container="c", phase=Phase.FIRST, forks=3, tasks_peak=4, fds_peak=9, oom_kills=0)
    started = replace(forked, phase=Phase.START)
    reloaded = replace(forked, phase=Phase.SIGNALS)
    alone = replace(forked, forks=0, tasks_peak=1)
    assert limits.propose(context([alone]), FileSystem()).pids == 64
    assert limits.propose(context([replace(alone, tasks_peak=28)]), FileSystem()).pids == 512
    assert limits.propose(context([forked]), FileSystem()).pids == 512
    assert limits.propose(context([reloaded]), FileSystem()).pids == 512
    assert limits.propose(context([started]), FileSystem()).pids == 64


def test_a_descriptor_limit_that_was_not_measured_is_left_alone() -> None:
    assert limits.propose(context(), FileSystem()).nofile is None


@pytest.mark.parametrize("path", ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"])
def test_who_sizes_itself_from_the_memory_limit_gets_half_of_the_host(path: str) -> None:
    host = 16 << 30
    found = limits.propose(context([opened(path)], host_memory=host), FileSystem())
    assert found.memory == host // 2


def test_the_descriptor_limit_is_never_raised() -> None:
    assert limits.propose(context(peaks=Peaks(descriptor_limit=20_000)), FileSystem()).nofile is None


def test_limits_of_the_base_are_kept() -> None:
    base = context(service={"memory": 1, "pids": 2, "cpus": 0.5, "nofile": 3})
    found = limits.propose(base, FileSystem())
    assert (found.memory, found.pids, found.cpus, found.nofile) == (None, None, None, None)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"memswap_limit": "1g"}, "memory"),
        ({"cpu_quota": 50_000}, "cpus"),
        ({"cpu_period": 50_000}, "cpus"),
    ],
)
def test_no_limit_is_set_that_the_engine_refuses_beside_one_of_the_base(
    config: dict[str, Any], field: str
) -> None:
    assert getattr(limits.propose(context(), FileSystem()), field) is not None
    assert getattr(limits.propose(context(service={"config": config}), FileSystem()), field) is None


def test_the_memory_limit_is_not_below_what_the_base_reserves() -> None:
    found = limits.propose(context(service={"memory_reserved": 4 << 30}), FileSystem())
    assert found.memory == 4 << 30


@pytest.mark.parametrize(
    ("refusal", "field"),
    [
        (refused(RefusedBecause.MEMORY, ""), "memory"),
        (refused(RefusedBecause.PROCESSES, ""), "pids"),
        (refused(RefusedBecause.FILES, ""), "nofile"),
    ],
)
def test_a_limit_that_was_hit_is_doubled(refusal: Refusal, field: str) -> None:
    before = limits.propose(context(peaks=Peaks(descriptor_limit=HAD)), FileSystem())
    assert getattr(limits.mend(before, [refusal], context(host_memory=1 << 40)), field) == 2 * getattr(
        before, field
    )


def test_raising_the_own_descriptor_limit_needs_room() -> None:
    before = limits.propose(context(peaks=Peaks(descriptor_limit=HAD)), FileSystem())
    refusal = denied("SYS_RESOURCE")
    asking = replace(refusal, syscall="prlimit64")
    assert limits.mend(before, [refusal], context(host_memory=1 << 40)) == before
    assert limits.mend(before, [asking], context()).nofile == 8 * 65536


def test_wide_leaves_twice_the_room() -> None:
    seen = Peaks(memory=512 * limits.MIB, tasks=40)
    found = limits.propose(context(peaks=seen, margin=Margin.WIDE), FileSystem())
    assert found.pids == 320


# ---- the init that reaps


def leaving(count: int, **service: Any) -> Context:
    base = context(service=service)
    return replace(base, profile=replace(base.profile, zombies=count))


def test_an_init_is_proposed_only_where_zombies_were_seen() -> None:
    assert limits.propose(leaving(0), FileSystem()).init is None
    found = limits.propose(leaving(3), FileSystem())
    assert found.init
    assert [g.reason for g in found.grants if g.what == "init"] == [
        "3 ended processes that the main process left lying about, each of which counts against the limit on"
        " processes"
    ]


@pytest.mark.parametrize("service", [{"init": True}, {"init": False}, {"pid": "host"}])
def test_what_the_base_says_about_process_1_is_kept(service: dict[str, Any]) -> None:
    assert limits.propose(leaving(3, **service), FileSystem()).init is None


def test_an_init_goes_where_the_zombies_are_the_applications_own_children() -> None:
    before = limits.propose(leaving(3), FileSystem())
    assert limits.reaping(before, ServiceOutcome()) == before
    after = limits.reaping(before, ServiceOutcome(zombies=3))
    assert after.init is None
    assert [g.what for g in after.grants if "init" in g.what] == ["no init"]


@pytest.mark.parametrize("program", sorted(limits.INIT_PROGRAMS))
def test_an_init_goes_rather_than_get_a_grant_of_its_own(program: str) -> None:
    advice = ServiceAdvice(leaving(3))
    draft = advice._draft_for(ROOT)
    assert draft.limits.init
    mended = advice.mend(draft, outcome(denied("KILL", by=program)))
    assert not mended.limits.init
    assert mended.capabilities == draft.capabilities
    by_itself = advice.mend(draft, outcome(denied("KILL")))
    assert by_itself.limits.init
    assert by_itself.capabilities.add == {"KILL"}


def test_an_init_is_the_first_thing_to_go_and_is_tried_once_more() -> None:
    advice = ServiceAdvice(leaving(3))
    draft = advice.draft()
    failed = ServiceOutcome(failed="stopped with exit code 143 (without a seal: 0)", phase=Phase.STOP)
    looser = advice.loosen(draft, failed)
    assert looser is not None
    assert looser[1].limits.init is None
    assert looser[1].limits.memory == draft.limits.memory
    assert "init" in advice.removable(looser[1], failed)
    assert advice.without(looser[1], frozenset({"init"})).limits.init
    useless = advice.mend(draft, ServiceOutcome(zombies=1))
    assert "init" not in advice.removable(useless, ServiceOutcome())


# ---- what was only asked for


def answered(
    base: Context, draft: User, *questions: Refusal, asked: tuple[CapabilityAsked, ...] = ()
) -> set[str]:
    """What may be needless once a failed phase's questions were answered."""
    advice = ServiceAdvice(base)
    failed = ServiceOutcome(failed="no answer", phase=Phase.FIRST, questions=questions, asked=asked)
    return set(advice.removable(advice.answer(advice._draft_for(draft), failed), failed))


def test_what_a_question_was_answered_with_is_tried_without_at_the_end() -> None:
    base = context([ran_as(33, 33)])
    log = refused(RefusedBecause.PERMISSION, "/var/log/served/x", errno=13, question=True)
    assert "group 4" in answered(base, User(user="33:33", root=False), log)
    directory = refused(RefusedBecause.READ_ONLY, "/srv/app/x", question=True)
    assert "directory /srv/app" in answered(base, User(user="33:33", root=False), directory)
    assert "capability KILL" in answered(base, ROOT, asked=(asked("KILL"),))


def test_what_a_refusal_showed_is_not() -> None:
    advice = ServiceAdvice(context([ran_as(33, 33)]))
    shown = outcome(
        refused(RefusedBecause.PERMISSION, "/var/log/served/x", errno=13),
        refused(RefusedBecause.READ_ONLY, "/srv/app/x"),
    )
    mended = advice.mend(advice._draft_for(User(user="33:33", root=False)), shown)
    assert mended.user.group_add == ("4",)
    assert "/srv/app" in {mount.path for mount in mended.filesystem.tmpfs}
    assert advice.removable(mended, shown) == ()
    as_root = advice.mend(advice._draft_for(ROOT), outcome(denied("KILL")))
    assert as_root.capabilities.add == {"KILL"}
    assert advice.removable(as_root, shown) == ()


def failed_at(path: str) -> ServiceOutcome:
    refusal = refused(RefusedBecause.READ_ONLY, path)
    return replace(outcome(refusal), failed="no answer", phase=Phase.FIRST)


def test_root_says_how_the_user_before_failed() -> None:
    advice = ServiceAdvice(context([ran_as(33, 33)]))
    words = "ended with exit code 1; its last words: connecting to db://app:s3cret@db"
    failed = ServiceOutcome(failed=words, how=FailureKind.ENDED, phase=Phase.START)
    other = advice._next_user(advice.draft(), failed)
    assert other is not None and other.user.root
    assert other.user.grants[0].reason == "as 33:33 it ends by itself (start)"


def test_no_user_is_tried_who_would_be_refused_the_same() -> None:
    two: list[AnyFact] = [ran_as(33, 33), ran_as(1000, 1000), wrote("/tmp/x", uid=1000)]
    two += [wrote("/var/lib/served/x", uid=33), wrote("/var/lib/served/y", uid=33)]
    advice = ServiceAdvice(context(two))
    draft = advice.draft()
    assert [candidate.user for candidate in user.candidates(advice.context)] == ["33:33", "1000:1000", None]
    other = advice.named(draft, failed_at("/etc/served/served.conf"))
    assert other is not None and other.user.root
    assert "/etc/served/served.conf" in other.user.grants[0].reason
    own = {**TREE, "/etc/served": directory(1000, 1000), "/etc/served/served.conf": file(1000, 1000)}
    another = ServiceAdvice(context(two, tree=own)).named(draft, failed_at("/etc/served/served.conf"))
    assert another is not None and another.user.user == "1000:1000"
    by_group = {**TREE, "/etc/served/served.conf": file(0, 1000, 0o664)}
    another = ServiceAdvice(context(two, tree=by_group)).named(draft, failed_at("/etc/served/served.conf"))
    assert another is not None and another.user.user == "1000:1000"
    unread = refused(RefusedBecause.PERMISSION, "/etc/served/key", errno=13, writing=False)
    noise = failed_at("/etc/served/served.conf")
    both = replace(noise, refusals=(*noise.refusals, unread))
    another = ServiceAdvice(context(two)).named(draft, both)
    assert another is not None and another.user.user == "1000:1000"


def test_what_is_told_to_be_given_away_is_data() -> None:
    def said(path: str, **more: object) -> str:
        mounts = {"mounts": ({"kind": "volume", "target": "/data", "source": "data"},)}
        refusal = refused(RefusedBecause.PERMISSION, path, errno=13, **more)
        ran = context([executed(APP)], service=mounts)
        return user.why_another(User(user="33:33", root=False), refusal, ran)

    assert "where /data is given" in said("/data/x")
    assert "where /var/spool/served is given" in said("/var/spool/served/new")
    for path in ("/etc/shadow", "/usr/sbin/served.log", APP, "/proc/sys/kernel/x"):
        assert path in said(path) and "is given" not in said(path)
    assert "is given" not in said("/data/x", writing=False)


# ---- privileges, logging, network


HELPER = "/usr/lib/served/helper"


def helped() -> ServiceAdvice:
    return ServiceAdvice(context([ran_as(33, 33), executed(HELPER, setid=True)]))


def test_no_new_privileges_is_on_until_a_trial_shows_that_it_breaks_something() -> None:
    advice = helped()
    draft = advice.draft()
    assert draft.privileges.no_new_privileges
    assert advice.mend(draft, ServiceOutcome()) == draft


def test_a_refusal_of_a_set_id_program_turns_no_new_privileges_off_and_grants_nothing_else() -> None:
    advice = helped()
    draft = advice.draft()
    path = "/var/spool/mail/x"
    refusal = refused(RefusedBecause.PERMISSION, path, by=HELPER, errno=13)
    mended = advice.mend(draft, ServiceOutcome(refusals=(refusal,)))
    assert not mended.privileges.no_new_privileges
    assert HELPER in mended.privileges.off
    assert path in mended.privileges.off
    assert mended.filesystem == draft.filesystem
    assert "control privileges" not in advice.removable(mended, ServiceOutcome())
    elsewhere = advice.mend(draft, ServiceOutcome(refusals=(replace(refusal, by=APP),)))
    assert elsewhere.privileges.no_new_privileges


def test_a_capability_that_a_root_service_lacks_is_granted_before_no_new_privileges_is_given_up() -> None:
    advice = ServiceAdvice(context([ran_as(0, 0), ran_as(33, 33), executed(HELPER, setid=True)]))
    root = advice.draft().model_copy(update={"user": User(root=True)})
    lacking = ServiceOutcome(refusals=(refused(RefusedBecause.CAPABILITY, "CHOWN", by=HELPER),))
    mended = advice.mend(root, lacking)
    assert mended.privileges.no_new_privileges
    assert "CHOWN" in mended.capabilities.add
    assert advice.mend(mended, lacking).privileges.off


def test_what_a_set_id_program_no_longer_does_turns_no_new_privileges_off() -> None:
    advice = helped()
    gone = ServiceOutcome(ungained=("/usr/bin/job is not executed",))
    assert "/usr/bin/job is not executed" in advice.mend(advice.draft(), gone).privileges.off


def test_a_failure_of_who_runs_set_id_programs_turns_no_new_privileges_off_first() -> None:
    failed = ServiceOutcome(failed="the exercise failed", phase=Phase.FIRST)
    advice = helped()
    looser = advice.loosen(advice.draft(), failed)
    assert looser is not None
    assert looser[1].privileges.off
    assert looser[1].user == advice.draft().user
    assert "control privileges" in advice.removable(looser[1], failed)
    plain = ServiceAdvice(context([ran_as(33, 33), executed(APP)]))
    other = plain.loosen(plain.draft(), failed)
    assert other is not None
    assert not other[1].privileges.off


def test_who_ends_by_itself_and_is_refused_nothing_wants_to_be_another_user() -> None:
    advice = ServiceAdvice(context([ran_as(0, 0), ran_as(33, 33)]))
    draft = advice.draft()
    ended = ServiceOutcome(failed="must be root", how=FailureKind.ENDED, phase=Phase.START)
    assert advice.answer(draft, ended).user.root
    asked = refused(RefusedBecause.READ_ONLY, "/run", question=True, phase=Phase.START)
    assert not advice.answer(draft, replace(ended, questions=(asked,))).user.root
    assert not advice.answer(draft, replace(ended, how=FailureKind.OTHER)).user.root
    assert not advice.answer(draft, replace(ended, phase=Phase.FIRST)).user.root


def test_rotation_is_set_where_nobody_did() -> None:
    assert logging.propose(context()).options == {"max-size": "10m", "max-file": "5"}
    assert logging.propose(context(service={"logging": True})).driver is None


def test_log_files_inside_are_named() -> None:
    assert logging.propose(context([wrote("/var/log/served/x"), wrote("/data/y.log")])).files == (
        "/data/y.log",
        "/var/log/served/x",
    )


def test_peers_are_named_by_service() -> None:
    common: dict[str, Any] = {"container": "c", "phase": Phase.FIRST, "by": APP, "uid": 33, "protocol": "tcp"}
    facts: list[AnyFact] = [
        Listening(**common, address="0.0.0.0", port=80),
        Listening(**common, address="127.0.0.1", port=81),
        Peer(**common, direction=Direction.OUT, address="10.0.0.2", port=5432),
        Peer(**common, direction=Direction.OUT, address="127.0.0.11", port=53),
        Peer(**common, direction=Direction.IN, address="10.0.0.9", port=80),
    ]
    found = network.propose(replace(context(facts), names={"10.0.0.2": "db"}))
    assert found.listening == ("tcp/80",)
    assert found.reaches == ("db:tcp/5432",)


def test_a_port_that_only_a_signal_opened_is_not_reported() -> None:
    common: dict[str, Any] = {"container": "c", "by": APP, "uid": 33, "protocol": "tcp", "address": "0.0.0.0"}
    facts = [
        Listening(**common, phase=Phase.START, port=80),
        Listening(**common, phase=Phase.SIGNALS, port=9229),
    ]
    assert network.propose(context(facts)).listening == ("tcp/80",)
