"""What the container runtime itself calls after it has installed the filter and before the application runs.

Measured with runc 1.1.15 under `strace -f`, from its PR_SET_SECCOMP to its execve, with no-new-privileges
(the filter comes last) and without (it comes before the change of user), as root and as 1000, `runc run`;
`tests/integration/test_seccomp.py` runs the smallest static program under every profile, with `docker exec`,
`--init` and a terminal besides. `docker exec` and health checks enter through the same filter.
"""

from __future__ import annotations

from lacre.seccomp.table import Row, row

RUNTIME: tuple[Row, ...] = (
    row("execve exit exit_group rt_sigreturn restart_syscall", "to run, to end, to come back from a signal"),
    row(
        "close epoll_ctl fstatfs futex getdents64 getpid openat prctl write",
        "runc 1.1 after the filter, with no-new-privileges",
    ),
    row(
        "capget capset chdir faccessat2 fchown fcntl fstat getcwd getppid newfstatat read setgid setgroups"
        " setuid",
        "runc 1.1 after the filter, without no-new-privileges: user, capabilities, working directory",
    ),
    row(
        "brk clone epoll_create1 epoll_pwait eventfd2 gettid madvise mmap mprotect munmap nanosleep pipe2"
        " rt_sigaction rt_sigprocmask sched_yield set_robust_list sigaltstack tgkill",
        "the Go runtime in runc: a garbage collection or a preemption may fall between filter and execve",
    ),
    row(
        "close_range lstat openat2 readlinkat stat statx",
        "runc 1.2 and newer check every descriptor and path again before execve (release notes of 1.1.12"
        " and 1.2)",
    ),
    row(
        "access setresgid setresuid", "crun changes the user with the setres calls (its source; not measured)"
    ),
    row(
        "arch_prctl fork getpgrp getrandom ioctl kill prlimit64 rseq rt_sigtimedwait set_tid_address"
        " setpgid wait4",
        "docker-init (tini) starts the application, hands signals on and reaps",
    ),
)
