"""Who stopped a step is read from what the kernel refused, not from what was expected."""

from __future__ import annotations

import errno
from dataclasses import replace
from typing import Any

import pytest

from lacre.attacks.author import author, is_of_the_attack, taken
from lacre.attacks.model import Result, Step
from lacre.capabilities import CAPABILITIES
from lacre.engine import Executed
from lacre.engine.inside import Credentials
from lacre.sensor import Refusal, RefusedBecause

STEP = Step("mount", ("/.lacre",))
OWN = Credentials(uid=33, gid=33, capabilities=0, no_new_privileges=True, seccomp=True, apparmor="")


def refusal(because: RefusedBecause, number: int = errno.EPERM, **changed: Any) -> Refusal:
    fields: dict[str, Any] = {"what": "", "syscall": "mount", "question": False, "writing": False, **changed}
    return Refusal(
        container="c",
        phase="mount",
        by="/.lacre/lacre-attacks",
        uid=33,
        because=because,
        errno=number,
        **fields,
    )


@pytest.mark.parametrize(
    ("because", "by"),
    [
        (RefusedBecause.SYSCALL, "syscalls"),
        (RefusedBecause.CAPABILITY, "capabilities"),
        (RefusedBecause.READ_ONLY, "filesystem"),
        (RefusedBecause.NO_EXEC, "filesystem"),
        (RefusedBecause.FULL, "filesystem"),
        (RefusedBecause.PROCESSES, "limits"),
        (RefusedBecause.PERMISSION, "user"),
    ],
)
def test_the_kind_of_refusal_names_who_stopped_it(because: RefusedBecause, by: str) -> None:
    assert author(errno.EPERM, "", [refusal(because)], OWN) == by


def test_a_refusal_with_another_errno_is_not_what_stopped_it() -> None:
    chown = refusal(RefusedBecause.CAPABILITY, errno.EPERM)
    assert (
        author(errno.EROFS, "", [chown, refusal(RefusedBecause.READ_ONLY, errno.EROFS)], OWN) == "filesystem"
    )


def test_the_filter_comes_before_the_capability_that_it_never_lets_the_kernel_ask_for() -> None:
    both = [refusal(RefusedBecause.CAPABILITY), refusal(RefusedBecause.SYSCALL)]
    assert author(errno.EPERM, "", both, OWN) == "syscalls"


@pytest.mark.parametrize("path", ["/proc/sys/kernel/core_pattern", "/sys/power/state"])
def test_what_docker_mounts_read_only_by_itself_is_not_the_seals_doing(path: str) -> None:
    assert (
        author(errno.EROFS, "", [refusal(RefusedBecause.READ_ONLY, errno.EROFS, what=path)], OWN) == "engine"
    )


def test_apparmor_is_named_where_its_profile_is_enforced_and_nobody_else_refused() -> None:
    confined = replace(OWN, uid=0, apparmor="docker-default")
    assert author(errno.EACCES, "", [], confined) == "apparmor"
    assert author(errno.EPERM, "", [], confined) == "kernel"
    assert author(errno.EACCES, "", [], OWN) == "kernel"


def test_a_set_id_file_that_gives_nothing_was_stopped_without_an_errno() -> None:
    assert author(0, "NoNewPrivs", [], OWN) == "privileges"
    assert author(0, "nosuid", [], OWN) == "filesystem"


def test_what_the_native_program_says_becomes_a_step() -> None:
    step = taken(STEP, Executed(0, "stopped\t1\tmount(2)\n"), [refusal(RefusedBecause.SYSCALL)], OWN)
    assert (step.result, step.errno, step.by, step.detail) == (
        Result.STOPPED,
        "EPERM",
        "syscalls",
        "mount(2)",
    )
    assert taken(STEP, Executed(0, "worked\t0\tmount(2)\n"), [], OWN).result is Result.WORKED
    assert taken(STEP, Executed(0, "absent\t0\tno such file\n"), [], OWN).result is Result.NOT_APPLICABLE


@pytest.mark.parametrize(
    "executed",
    [
        Executed(126, "OCI runtime exec failed: permission denied"),
        Executed(2, "usage: attacks ACTION"),
        Executed(None, ""),
        Executed(0, ""),
        Executed(0, "stopped\tEPERM\tmount(2)\n"),
        Executed(137, ""),  # killed, and nothing says why
    ],
)
def test_what_could_not_run_is_an_error_and_never_a_stop(executed: Executed) -> None:
    step = taken(STEP, executed, [], OWN)
    assert step.result is Result.ERROR
    assert step.detail


def test_death_by_the_filter_or_for_want_of_memory_is_a_stop() -> None:
    assert taken(STEP, Executed(159, ""), [], OWN).by == "syscalls"
    killed = refusal(RefusedBecause.MEMORY, 0)
    assert taken(STEP, Executed(137, ""), [killed], OWN).by == "limits"


def test_a_filter_that_answers_like_a_kernel_without_the_protocol_is_a_stop() -> None:
    said = Executed(0, "absent\t0\tthis kernel has no such protocol\n")
    filtered = refusal(RefusedBecause.SYSCALL, errno.EAFNOSUPPORT, what="socket AF_CAN", syscall="socket")
    step = taken(STEP, said, [filtered], OWN)
    assert (step.result, step.by, step.errno, step.detail) == (
        *(Result.STOPPED, "syscalls", "EAFNOSUPPORT"),
        "socket AF_CAN",
    )
    newer = refusal(RefusedBecause.SYSCALL, errno.ENOSYS, what="clone3")
    assert taken(STEP, said, [newer], OWN).result is Result.NOT_APPLICABLE


def test_owners_and_not_capabilities_refuse_files_to_who_is_not_root() -> None:
    override = refusal(RefusedBecause.CAPABILITY, errno.EACCES, what="DAC_OVERRIDE")
    assert author(errno.EACCES, "", [override], OWN) == "user"
    assert author(errno.EACCES, "", [override], replace(OWN, uid=0)) == "capabilities"
    raw = refusal(RefusedBecause.CAPABILITY, what="NET_RAW")
    assert author(errno.EPERM, "", [raw], OWN) == "capabilities"


def test_a_device_that_may_not_be_opened_is_dockers_doing() -> None:
    disk = refusal(RefusedBecause.PERMISSION, syscall="openat", what="/dev/vda")
    assert author(errno.EPERM, "", [disk], replace(OWN, uid=0)) == "engine"


def test_who_was_refused_what_the_application_itself_has_kept_was_not_stopped() -> None:
    said = Executed(0, "stopped\t1\tsocket(2)\n")
    keeper = replace(OWN, capabilities=1 << CAPABILITIES.index("NET_RAW"))
    raw = refusal(RefusedBecause.CAPABILITY, what="NET_RAW")
    step = taken(STEP, said, [raw], keeper)
    assert step.result is Result.ERROR and "NET_RAW" in step.detail
    assert taken(STEP, said, [raw], OWN).by == "capabilities"
    time = refusal(RefusedBecause.CAPABILITY, what="SYS_TIME")
    assert taken(STEP, said, [time], keeper).by == "capabilities"
    trace = refusal(RefusedBecause.CAPABILITY, what="SYS_PTRACE")
    assert taken(STEP, said, [trace], keeper).result is Result.ERROR


def test_a_limit_on_the_size_of_files_is_a_limit() -> None:
    assert author(errno.EFBIG, "", [], OWN) == "limits"


def test_nobody_is_named_for_what_did_not_do_as_it_was_told() -> None:
    assert author(0, "ended with 127", [], OWN) == ""
    assert author(0, "killed by signal 31", [], OWN) == "syscalls"


def test_what_the_application_is_refused_meanwhile_is_not_the_attacks() -> None:
    ours = refusal(RefusedBecause.SYSCALL)
    assert is_of_the_attack(ours)
    assert not is_of_the_attack(replace(ours, by="/usr/sbin/nginx"))
    assert is_of_the_attack(replace(ours, by="/usr/sbin/nginx", because=RefusedBecause.MEMORY))
