from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lacre.seal.model import Margin
from lacre.seccomp import (
    DEFAULT_CAPABILITIES,
    KERNEL_SURFACE,
    allowed_by_default,
    closure,
    derive,
    falls_back,
    mend,
    share_refused,
    why,
    why_refused,
)
from lacre.seccomp.core import CORE
from lacre.seccomp.docker_default import (
    ALWAYS,
    LATER,
    THIRTY_TWO,
    WITH_CAPABILITY,
    WITHDRAWN,
    allowed_by_old_default,
    counted,
)
from lacre.seccomp.families import FAMILIES
from lacre.seccomp.newer import NEWER
from lacre.seccomp.runtime import RUNTIME
from lacre.seccomp.surface import SURFACE
from lacre.seccomp.table import Row, row, union

EVERY_NAME = sorted(
    allowed_by_old_default(frozenset(WITH_CAPABILITY)) | union(SURFACE) | union(NEWER) | {"invented"}
)
names = st.frozensets(st.sampled_from(EVERY_NAME), max_size=40)
capabilities = st.frozensets(st.sampled_from(sorted(WITH_CAPABILITY)), max_size=3)
margins = st.sampled_from(list(Margin))

WEB_SERVER = row(
    "accept4 access arch_prctl bind brk chown clone close connect dup2 epoll_create1 epoll_ctl epoll_wait"
    " eventfd2"
    " execve exit_group fcntl fstat futex getdents64 getegid geteuid getgid getpid getppid getrandom getuid"
    " io_setup"
    " ioctl listen lseek mkdir mmap mprotect munmap newfstatat openat pread64 prctl prlimit64 pwrite64 read"
    " recvfrom recvmsg rseq rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend sendfile sendmsg"
    " set_robust_list set_tid_address setgid setgroups setsockopt setuid socket socketpair statx sysinfo"
    " umask"
    " uname unlink wait4 write writev",
    "nginx serving a page, as observed with a bitmap on sys_exit",
).names


@given(names)
def test_the_closure_of_a_closure_is_itself(observed: frozenset[str]) -> None:
    assert closure(closure(observed)) == closure(observed)
    assert observed <= closure(observed)


@given(names, names)
def test_the_closure_grows_with_what_is_observed(one: frozenset[str], other: frozenset[str]) -> None:
    assert closure(one) <= closure(one | other)


@given(names, names, margins, capabilities)
def test_more_observed_never_means_less_allowed(
    one: frozenset[str], other: frozenset[str], margin: Margin, granted: frozenset[str]
) -> None:
    assert derive(one, margin, granted) <= derive(one | other, margin, granted)


@given(names, margins, capabilities)
def test_nothing_is_allowed_that_dockers_default_refuses(
    observed: frozenset[str], margin: Margin, granted: frozenset[str]
) -> None:
    assert derive(observed, margin, granted) <= allowed_by_default(granted)


@given(names, margins, capabilities)
def test_kernel_surface_is_allowed_only_where_it_was_observed(
    observed: frozenset[str], margin: Margin, granted: frozenset[str]
) -> None:
    assert derive(observed, margin, granted) & KERNEL_SURFACE <= observed


@given(names, margins, capabilities)
def test_what_was_observed_is_allowed_where_dockers_default_allows_it(
    observed: frozenset[str], margin: Margin, granted: frozenset[str]
) -> None:
    assert observed & allowed_by_default(granted) <= derive(observed, margin, granted)


@given(names, capabilities)
def test_each_margin_is_within_the_next(observed: frozenset[str], granted: frozenset[str]) -> None:
    exact, normal, wide = (derive(observed, margin, granted) for margin in Margin)
    assert exact <= normal <= wide


@given(names, st.sampled_from(EVERY_NAME), capabilities)
def test_a_mended_set_has_the_name_and_is_no_wider_than_an_old_default(
    observed: frozenset[str], name: str, granted: frozenset[str]
) -> None:
    allowed = derive(observed, Margin.EXACT, granted)
    wider = mend(allowed, name, observed, granted)
    if wider is None:
        assert (
            name in allowed
            or name not in allowed_by_old_default(granted)
            or (name in KERNEL_SURFACE and name not in observed)
        )
        assert why_refused(name)
    else:
        assert allowed < wider
        assert name in wider
        assert wider <= allowed_by_old_default(granted)
        assert wider & KERNEL_SURFACE <= observed


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("keyctl", "Docker's default profile refuses it too: the kernel's keyrings"),
        ("chroot", "Docker's default profile allows it only with SYS_CHROOT: "),
        ("userfaultfd", "Docker's default profile refuses it too"),
        ("memfd_create", "kernel surface that the baseline never used"),
    ],
)
def test_a_reason_claims_nothing_about_calls_that_docker_refused_to_the_baseline_too(
    name: str, reason: str
) -> None:
    assert why_refused(name).startswith(reason)


def test_mending_again_and_again_ends() -> None:
    allowed = derive(frozenset(), Margin.EXACT, frozenset())
    for name in EVERY_NAME:
        allowed = mend(allowed, name) or allowed
    assert all(mend(allowed, name) is None for name in EVERY_NAME)


def test_a_refused_call_brings_its_equivalents() -> None:
    allowed = derive(frozenset(), Margin.EXACT, frozenset())
    wider = mend(allowed, "semop")
    assert wider is not None
    assert wider - allowed == {"semop", "semtimedop"}


def test_io_uring_comes_only_by_mending() -> None:
    observed = frozenset({"io_uring_setup"})
    allowed = derive(observed, Margin.WIDE, frozenset())
    assert "io_uring_setup" not in allowed
    assert falls_back("io_uring_setup", allowed)
    assert "io_uring_setup" in (mend(allowed, "io_uring_setup", observed) or ())


def test_io_uring_comes_whole_or_not_at_all() -> None:
    """With `setup` alone a program no longer falls back, and fails at `enter`."""
    observed = frozenset({"io_uring_setup", "io_uring_enter", "io_submit"})
    allowed = derive(observed, Margin.NORMAL, frozenset())
    mended = mend(allowed, "io_uring_setup", observed) or frozenset()
    assert {name for name in mended if "io_uring" in name} == {"io_uring_setup", "io_uring_enter"}
    other = mend(derive(frozenset(), Margin.EXACT, frozenset()), "io_submit", observed) or frozenset()
    assert not {name for name in other if "io_uring" in name}


def test_mount_needs_the_capability_and_to_be_seen() -> None:
    observed = frozenset({"mount"})
    assert "mount" not in derive(observed, Margin.WIDE, frozenset())
    assert "mount" not in derive(frozenset(), Margin.WIDE, frozenset({"SYS_ADMIN"}))
    assert "mount" in derive(observed, Margin.EXACT, frozenset({"SYS_ADMIN"}))


def test_names_of_32_bit_programs_come_only_with_one_of_them() -> None:
    only = union(THIRTY_TWO)
    assert not derive(WEB_SERVER, Margin.NORMAL, frozenset()) & only
    assert {"mmap2", "stat64", "futex_time64", "setuid32"} <= derive(
        WEB_SERVER | {"mmap2", "fstat64", "waitpid"}, Margin.NORMAL, frozenset()
    )


def test_a_web_server_loses_half_at_exact_and_a_quarter_at_normal() -> None:
    shares = [share_refused(derive(WEB_SERVER, margin, frozenset())) for margin in Margin]
    assert 0.50 < shares[0] < 0.60
    assert 0.27 < shares[1] < 0.40
    assert 0.03 < shares[2] < 0.15


def test_dockers_default_is_measured_by_301_calls() -> None:
    assert len(counted()) == 301
    assert share_refused(counted()) == 0
    assert share_refused(frozenset()) == 1


@pytest.mark.parametrize(
    "table",
    [ALWAYS, THIRTY_TWO, LATER, WITHDRAWN, FAMILIES, CORE, SURFACE, RUNTIME, NEWER],
    ids=["ALWAYS", "THIRTY_TWO", "LATER", "WITHDRAWN", "FAMILIES", "CORE", "SURFACE", "RUNTIME", "NEWER"],
)
def test_every_row_has_names_of_the_right_form_and_a_reason(table: tuple[Row, ...]) -> None:
    for each in table:
        assert each.reason
        assert each.names
        assert all(name.replace("_", "a").isalnum() and name.islower() for name in each.names)


@pytest.mark.parametrize("table", [ALWAYS, SURFACE, NEWER, THIRTY_TWO])
def test_no_name_stands_in_two_rows(table: tuple[Row, ...]) -> None:
    assert sum(len(each.names) for each in table) == len(union(table))


def test_the_core_and_the_runtime_are_no_kernel_surface_and_in_dockers_default() -> None:
    default = allowed_by_default(DEFAULT_CAPABILITIES)
    for table in (CORE, RUNTIME):
        assert not union(table) & KERNEL_SURFACE
        assert union(table) <= default


@given(st.sampled_from(EVERY_NAME), names)
def test_every_name_can_be_explained(name: str, observed: frozenset[str]) -> None:
    assert why(name, observed)


def test_reasons_say_where_a_name_comes_from() -> None:
    observed = frozenset({"semop"})
    assert why("semop", observed) == "observed"
    assert why("semtimedop", observed).startswith("equivalent to semop")
    assert why("fsync", observed).startswith("harmless core: saving data")
    assert why("creat", observed).startswith("equivalent to open")
    assert why("bpf", observed).startswith("kernel surface")
    assert why("capset", observed).startswith("needed by the container runtime")
