"""Calls that are newer than common libcs: refused with ENOSYS, "this kernel has no such call".

Every program that makes one knows what to do on an older kernel, but takes EPERM for a real answer: glibc
2.34 made pthread_create fail so when clone3 answered EPERM (moby issue 42680). They are listed by name
because engine 20.10 does not know a profile's `defaultErrnoRet`.
"""

from __future__ import annotations

from lacre.seccomp.table import Row, row, union

NEWER: tuple[Row, ...] = (
    row("getrandom memfd_create execveat membarrier mlock2", "Linux 3.17 to 4.4"),
    row("copy_file_range preadv2 pwritev2 pkey_mprotect pkey_alloc pkey_free", "Linux 4.5 to 4.9"),
    row("statx rseq io_pgetevents", "Linux 4.11 to 4.18"),
    row(
        "pidfd_send_signal io_uring_setup io_uring_enter io_uring_register open_tree move_mount fsopen"
        " fsconfig"
        " fsmount fspick",
        "Linux 5.1 and 5.2",
    ),
    row("pidfd_open clone3", "Linux 5.3"),
    row("close_range openat2 pidfd_getfd faccessat2 process_madvise epoll_pwait2", "Linux 5.6 to 5.11"),
    row(
        "mount_setattr quotactl_fd landlock_create_ruleset landlock_add_rule landlock_restrict_self"
        " memfd_secret"
        " process_mrelease futex_waitv set_mempolicy_home_node",
        "Linux 5.12 to 5.17",
    ),
    row("cachestat fchmodat2 map_shadow_stack futex_wake futex_wait futex_requeue", "Linux 6.5 to 6.7"),
    row(
        "statmount listmount lsm_get_self_attr lsm_set_self_attr lsm_list_modules mseal setxattrat getxattrat"
        " listxattrat removexattrat open_tree_attr file_getattr file_setattr listns",
        "Linux 6.8 and later; a libseccomp that does not know the name leaves the line out",
    ),
    row(
        "clock_gettime64 clock_settime64 clock_adjtime64 clock_getres_time64 clock_nanosleep_time64"
        " timer_gettime64"
        " timer_settime64 timerfd_gettime64 timerfd_settime64 utimensat_time64 pselect6_time64 ppoll_time64"
        " io_pgetevents_time64 recvmmsg_time64 mq_timedsend_time64 mq_timedreceive_time64 semtimedop_time64"
        " rt_sigtimedwait_time64 futex_time64 sched_rr_get_interval_time64",
        "Linux 5.1: 64-bit times for 32-bit programs, which fall back to the old calls",
    ),
)

FALLS_BACK = union(NEWER)
